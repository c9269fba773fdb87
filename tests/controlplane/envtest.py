#!/usr/bin/env python3
"""The control plane of envtest's users, in the words of `main.go`, without controllers.

    KUBEBUILDER_ASSETS=DIR envtest.py --dir DIR [-- API-SERVER-FLAG...]
    KUBEBUILDER_ASSETS=DIR envtest.py kubectl ...

DIR of the assets holds etcd, kube-apiserver and kubectl, as setup-envtest downloads them.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import ipaddress
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ASSETS = Path(os.environ["KUBEBUILDER_ASSETS"])
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)
_READY_SECONDS = 60.0
_POLL_SECONDS = 0.1


class Authority:
    """Issues the certificates of one control plane."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "envtest")])
        self._write("ca", self._key, self._certificate(self._name, self._key.public_key(), ca=True))

    def issue(self, file: str, name: str, *groups: str) -> None:
        """A certificate that is good for both ends of a connection, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        parts += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        self._write(file, key, self._certificate(x509.Name(parts), key.public_key(), ca=False))

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        places = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(places), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, file: str, key: ec.EllipticCurvePrivateKey, found: x509.Certificate) -> None:
        pem = serialization.Encoding.PEM
        shape = serialization.PrivateFormat.TraditionalOpenSSL
        plain = key.private_bytes(pem, shape, serialization.NoEncryption())
        (self._directory / f"{file}.key").write_bytes(plain)
        (self._directory / f"{file}.crt").write_bytes(found.public_bytes(pem))


class ControlPlane:
    """etcd and an API server on free ports of loopback, their files in `directory`."""

    def __init__(self, directory: Path, flags: Sequence[str]) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._flags = flags
        self._port, self._etcd_port, peer = _free_ports(3)
        authority = Authority(directory)
        authority.issue("server", "kube-apiserver")
        authority.issue("admin", "admin", "system:masters")
        authority.issue("alice", "alice", "testers")
        authority.issue("sa", "service accounts")
        self._token = secrets.token_hex(16)
        (directory / "tokens.csv").write_text(f"{self._token},bob,bob,testers\n")
        self._etcd = self._started(
            "etcd",
            f"--data-dir={directory / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{self._etcd_port}",
            f"--advertise-client-urls=http://127.0.0.1:{self._etcd_port}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
        )
        self._server = self._started_server()

    def serve(self) -> None:
        """Run until SIGTERM; on SIGHUP, kill the API server and start it anew."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGHUP, lambda *_: self._restart())
        self._await_ready()
        (self._directory / "kubeconfig.tmp").write_text(json.dumps(self._kubeconfig()))
        (self._directory / "kubeconfig.tmp").rename(self._directory / "kubeconfig")
        try:
            while self._etcd.poll() is None:
                time.sleep(_POLL_SECONDS)
        finally:
            for process in (self._server, self._etcd):
                process.terminate()
                process.wait()

    def _restart(self) -> None:
        self._server.kill()
        self._server.wait()
        self._server = self._started_server()

    def _started_server(self) -> subprocess.Popen[bytes]:
        place = self._directory
        return self._started(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._port}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--tls-cert-file={place / 'server.crt'}",
            f"--tls-private-key-file={place / 'server.key'}",
            f"--client-ca-file={place / 'ca.crt'}",
            f"--token-auth-file={place / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            # No controller would make the account that it asks for.
            "--disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={place / 'sa.key'}",
            f"--service-account-signing-key-file={place / 'sa.key'}",
            *self._flags,
        )

    def _started(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        prctl = ctypes.CDLL(None).prctl
        with (self._directory / f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                [ASSETS / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: prctl(_DIE_WITH_PARENT, signal.SIGKILL),  # noqa: PLW1509
            )

    def _await_ready(self) -> None:
        context = ssl.create_default_context(cafile=self._directory / "ca.crt")
        context.load_cert_chain(self._directory / "admin.crt", self._directory / "admin.key")
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end and self._server.poll() is None:
            try:
                address = f"https://127.0.0.1:{self._port}/readyz"
                with urllib.request.urlopen(address, context=context):
                    return
            except OSError:
                time.sleep(_POLL_SECONDS)
        raise SystemExit(f"the API server did not start: see {self._directory}")

    def _kubeconfig(self) -> dict[str, object]:
        server = f"https://127.0.0.1:{self._port}"
        cluster = {"server": server, "certificate-authority": str(self._directory / "ca.crt")}
        users: dict[str, dict[str, str]] = {"bob": {"token": self._token}}
        for name in ("admin", "alice"):
            users[name] = {
                "client-certificate": str(self._directory / f"{name}.crt"),
                "client-key": str(self._directory / f"{name}.key"),
            }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin",
            "clusters": [{"name": "envtest", "cluster": cluster}],
            "users": [{"name": name, "user": user} for name, user in users.items()],
            "contexts": [
                {"name": name, "context": {"cluster": "envtest", "user": name}} for name in users
            ],
        }


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def main() -> None:
    """Serve, or be kubectl."""
    match sys.argv[1:]:
        case ["kubectl", *arguments]:
            os.execv(ASSETS / "kubectl", ["kubectl", *arguments])  # noqa: S606 - it becomes kubectl
        case ["--dir", directory, *rest]:
            ControlPlane(Path(directory), [flag for flag in rest if flag != "--"]).serve()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
