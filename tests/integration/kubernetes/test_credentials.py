"""What the kubeconfig holds is used, and left nowhere else."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reconciler.errors import ConfigError
from reconciler.stores.kubernetes.kubeconfig import connect
from tests.integration.kubernetes.site import Site


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


def changed(site: Site, **user: str) -> Path:
    """The kubeconfig with other fields of its users; an empty one is left out."""
    document = yaml.safe_load(site.cluster.kubeconfig.read_text())
    for one in document["users"]:
        merged = {**one["user"], **user}
        one["user"] = {name: value for name, value in merged.items() if value}
    path = site.path / "changed"
    path.write_text(yaml.safe_dump(document))
    return path


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_certificates_and_keys_are_in_no_file_while_they_are_used(site: Site, place: Path) -> None:
    admin = next(
        one["user"]
        for one in yaml.safe_load(site.cluster.kubeconfig.read_text())["users"]
        if one["name"] == "admin"
    )
    # Another text, since the client remembers what it has written for the test's own requests.
    pair = {
        name: encoded(base64.b64decode(admin[name]) + b"\n")
        for name in ("client-certificate-data", "client-key-data")
    }
    kubeconfig = changed(site, **pair)
    for _ in range(2):  # so that the second one would be given the files of the first
        with closing(connect("admin", str(kubeconfig), os.environ, trusted=True)) as connection:
            assert [*place.rglob("*")] == []
            assert connection.get("/version", "the server")["major"] == "1"


def test_for_an_encrypted_key_nobody_is_asked(site: Site, place: Path) -> None:
    """OpenSSL would ask on standard input, which may hold manifests, or nothing for ever."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    kubeconfig = changed(site, **{"client-key-data": encoded(key)})
    program = [sys.executable, "-m", "reconciler", "plan", "--kubeconfig", str(kubeconfig)]
    with subprocess.Popen(
        [*program, "--store", "kubernetes:admin", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(place)},
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
        process.stdin.close()
        assert process.stderr is not None
        said = process.stderr.read()
        assert b"may not be encrypted" in said
        assert b"pass phrase" not in said
        assert process.wait(20) == 1
    assert [*place.rglob("*")] == []


def test_without_a_temporary_directory_only_a_plugins_certificate_fails(
    site: Site, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "absent"))
    with closing(
        connect("admin", str(site.cluster.kubeconfig), os.environ, trusted=True)
    ) as connection:
        assert connection.get("/version", "the server")["major"] == "1"
    version = "client.authentication.k8s.io/v1"
    status = {"clientCertificateData": "a certificate", "clientKeyData": "a key"}
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    document = yaml.safe_load(site.cluster.kubeconfig.read_text())
    for user in document["users"]:
        plugin = {"command": "echo", "args": [json.dumps(answer)], "interactiveMode": "Never"}
        user["user"] = {"exec": {"apiVersion": version, **plugin}}
    path = site.path / "plugin"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError):
        connect("admin", str(path), os.environ, trusted=True)


def test_proxies_are_held_against_the_clusters_authority(site: Site, place: Path) -> None:
    document = yaml.safe_load(site.cluster.kubeconfig.read_text())
    for one in document["clusters"]:
        authority = base64.b64decode(one["cluster"]["certificate-authority-data"])
        # Another text, since the client remembers what it has written for the test's own requests.
        one["cluster"]["certificate-authority-data"] = encoded(authority + b"\n")
        one["cluster"]["proxy-url"] = "https://127.0.0.1:1"
    path = site.path / "proxied"
    path.write_text(yaml.safe_dump(document))
    pool: Any = connect("admin", str(path), os.environ, trusted=True)._pool
    assert [*place.rglob("*")] == []
    trusted = pool.server.proxy_trust.get_ca_certs(binary_form=True)
    assert trusted == [ssl.PEM_cert_to_DER_cert(authority.decode())]


@pytest.mark.parametrize("field", ["client-key-data", "client-certificate-data"])
def test_what_is_no_key_is_told_without_a_quote(site: Site, place: Path, field: str) -> None:
    path = changed(site, **{field: encoded(b"canary-no-key")})
    with pytest.raises(ConfigError, match="client certificate or its key") as caught:
        connect("admin", str(path), os.environ, trusted=True)
    assert "canary" not in str(caught.value)
    assert [*place.rglob("*")] == []
