"""A real Docker Engine for the tests: a swarm of one node, in namespaces of its own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

MISSING = "no Docker Engine: run `make programs` as root"
NO_ROOT = "a Docker Engine of the tests' own needs root"

_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0
# Without a network of its own, it would leave a bridge and a mount behind.
_START = "ip link set lo up && exec dockerd"


class Connection(http.client.HTTPConnection):
    """HTTP by a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """A running dockerd; its data stay through `kill` and `start`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "docker.sock"
        self.url = f"docker:unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        place = self.directory
        options = {
            "data-root": place / "data",
            "exec-root": place / "exec",
            "host": f"unix://{self.socket}",
            "pidfile": place / "pid",
            "storage-driver": "vfs",
            "iptables": "false",
            "bridge": "none",
        }
        flags = [f"--{name}={value}" for name, value in options.items()]
        containerd = place / "exec" / "containerd"
        for left in (self.socket, place / "pid", *containerd.glob("containerd.[ps]*")):
            left.unlink(missing_ok=True)
        with (place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    shutil.which("unshare") or "unshare",
                    "--net",
                    "--mount",
                    "sh",
                    "-c",
                    f'{_START} "$@"',
                    "sh",
                    *flags,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _READY_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"dockerd ended: see {place / 'log'}"
            assert time.monotonic() < end, "dockerd does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it with SIGKILL, and the containerd that it has started."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        with suppress(OSError, ValueError):
            child = self.directory / "exec" / "containerd" / "containerd.pid"
            os.kill(int(child.read_text()), signal.SIGKILL)

    def stop(self) -> None:
        """End it, and remove what it wrote."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """What the API answers, as whoever else uses the swarm asks it."""
        words = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
        content = None if body is None else json.dumps(body)
        with closing(Connection(self.socket)) as connection:
            connection.request(
                method, f"{path}?{words}", content, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            text = answer.read()
        assert answer.status < 300, (method, path, answer.status, text)
        return json.loads(text) if text.strip() else None

    def init(self) -> None:
        """Make it a swarm's only manager."""
        self.call(
            "POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"}
        )

    def empty(self) -> None:
        """Remove every service, secret and config."""
        for kind in ("services", "secrets", "configs"):
            for entry in self.call("GET", f"/{kind}"):
                self.call("DELETE", f"/{kind}/{entry['ID']}")

    def secrets(self) -> dict[str, Any]:
        """The secrets by name."""
        return {entry["Spec"]["Name"]: entry for entry in self.call("GET", "/secrets")}

    def service(self, name: str, *secrets: str, replicas: int = 0, **more: Any) -> str:
        """Make a service that uses `secrets`, each as the file ``/run/secrets/NAME-file``."""
        known = self.secrets()
        references = [
            {
                "SecretID": known[secret]["ID"],
                "SecretName": secret,
                "File": {"Name": f"{secret}-file", "UID": "7", "GID": "8", "Mode": 0o440},
            }
            for secret in secrets
        ]
        container = {"Image": "no-such-image:none", "Secrets": references}
        body = {
            "Name": name,
            "TaskTemplate": {"ContainerSpec": container},
            "Mode": {"Replicated": {"Replicas": replicas}},
            **more,
        }
        identity: str = self.call("POST", "/services/create", body)["ID"]
        return identity

    def _answers(self) -> bool:
        try:
            self.call("GET", "/version")
        except (OSError, http.client.HTTPException):
            return False
        return True


def started(*, swarm: bool = True) -> Engine:
    """A new engine, in memory where there is a file system for that.

    Skips the test where none can be started, and fails it in CI.
    """
    why = NO_ROOT if os.geteuid() else MISSING if shutil.which("dockerd") is None else ""
    if why:
        import pytest  # the benchmarks do without

        if "CI" in os.environ:
            pytest.fail(why)
        pytest.skip(why)
    memory = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there
    base = tempfile.mkdtemp(prefix="reconciler-engine-", dir=memory if memory.is_dir() else None)
    engine = Engine(Path(base))
    if swarm:
        engine.init()
    return engine
