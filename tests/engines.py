"""A real Docker Engine for the tests: a swarm of one node, in namespaces of its own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import quote

MISSING = "no Docker Engine: run `make programs` as root"
NO_ROOT = "a Docker Engine of the tests' own needs root"

_CONTROLPLANE = Path(__file__).resolve().parent / "controlplane"
_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0
# Without a network of its own, it would leave a bridge and a mount behind.
_START = "ip link set lo up && exec dockerd"
_JOINED = 'for group in $1; do echo $$ >"$group/cgroup.procs"; done; shift; exec "$@"'
_START_WITH_CGROUPS = """
set -e
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /sys/fs/cgroup
for hierarchy in $1; do
  mkdir "/sys/fs/cgroup/${hierarchy#name=}"
  mount -t cgroup -o "${hierarchy/#name=/none,name=}" cgroup "/sys/fs/cgroup/${hierarchy#name=}"
done
shift
mount -t tmpfs tmpfs /run
ip link set lo up
exec dockerd "$@"
"""


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
                [*self._front(), *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _READY_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"dockerd ended: see {place / 'log'}"
            assert time.monotonic() < end, "dockerd does not answer"
            time.sleep(0.05)

    def _front(self) -> list[str]:
        """What starts dockerd, without its flags."""
        return ["unshare", "--net", "--mount", "sh", "-c", f'{_START} "$@"', "sh"]

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


class TaskEngine(Engine):
    """An engine whose services have tasks that run, in cgroups (v1) and namespaces of its own."""

    def __init__(self, directory: Path) -> None:
        self._cgroups = _cgroups()
        self._groups = self._cgroups.made(f"{directory.name}-{os.getpid()}")
        super().__init__(directory)

    def _front(self) -> list[str]:
        groups = " ".join(str(group) for _, group in self._groups)
        hierarchies = " ".join(controllers for controllers, _ in self._groups)
        return [
            *("bash", "-c", _JOINED, "bash", groups),
            *("unshare", "--cgroup", "--mount", "--net", "--pid", "--uts", "--ipc"),
            *("--fork", "--kill-child", "--mount-proc"),
            *("bash", "-c", _START_WITH_CGROUPS, "bash", hierarchies),
        ]

    def stop(self) -> None:
        """End it, and remove what it wrote and its cgroups."""
        super().stop()
        for _, group in self._groups:
            self._cgroups.remove(group)

    def load(self, image: Path) -> None:
        """Give it the image in an archive."""
        with closing(Connection(self.socket)) as connection:
            headers = {"Content-Type": "application/x-tar"}
            connection.request("POST", "/images/load?quiet=1", image.read_bytes(), headers)
            answer = connection.getresponse()
            text = answer.read()
        assert answer.status == HTTPStatus.OK, text

    def inside(self, service: str, *command: str) -> str:
        """What `command` prints in the only container of a service; empty while there is none."""
        filters = json.dumps({"label": [f"com.docker.swarm.service.name={service}"]})
        running = self.call("GET", "/containers/json", filters=filters)
        if len(running) != 1:
            return ""
        body = {"Cmd": command, "AttachStdout": True}
        run = self.call("POST", f"/containers/{running[0]['Id']}/exec", body)["Id"]
        with closing(Connection(self.socket)) as connection:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/exec/{run}/start", "{}", headers)
            stream = connection.getresponse().read()
        printed = b""
        while stream:  # frames: a stream's number, 3 empty bytes, the length, the content
            end = 8 + int.from_bytes(stream[4:8], "big")
            printed += stream[8:end]
            stream = stream[end:]
        return printed.decode()


def _cgroups() -> ModuleType:
    """The module with which programs beside it make cgroups, and which they import by its name."""
    sys.path.insert(0, str(_CONTROLPLANE))
    try:
        import cgroups
    finally:
        sys.path.remove(str(_CONTROLPLANE))
    return cgroups


EngineKind = TypeVar("EngineKind", bound=Engine)


def started(*, swarm: bool = True) -> Engine:
    """A new engine, in memory where there is a file system for that.

    Skips the test where none can be started, and fails it in CI.
    """
    return _started(Engine, swarm=swarm)


def started_with_tasks() -> TaskEngine:
    """A new engine whose tasks run; on a machine without cgroups v1, the test is skipped."""
    if not _cgroups().hierarchies():
        import pytest

        pytest.skip("RUNNING TASKS ARE NOT TESTED HERE: it takes cgroups v1, and there is only v2")
    return _started(TaskEngine, swarm=True)


def _started(kind: type[EngineKind], *, swarm: bool) -> EngineKind:
    why = NO_ROOT if os.geteuid() else MISSING if shutil.which("dockerd") is None else ""
    if why:
        import pytest  # the benchmarks do without

        if "CI" in os.environ:
            pytest.fail(why)
        pytest.skip(why)
    memory = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there
    base = tempfile.mkdtemp(prefix="reconciler-engine-", dir=memory if memory.is_dir() else None)
    engine = kind(Path(base))
    if swarm:
        engine.init()
    return engine
