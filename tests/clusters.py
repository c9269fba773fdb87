"""A real control plane for the tests: started once for a run, the cluster new and empty."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE / "controlplane" / "build.sh"
ENVTEST = HERE / "controlplane" / "envtest.py"
MISSING = "no control plane: run `make controlplane`, or set KUBEBUILDER_ASSETS"

_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0


class Cluster:
    """A running control plane; ``kubeconfig`` has the contexts admin, alice and bob.

    Only the administrator may do anything, until RBAC says so.
    """

    def __init__(self, program: Path, directory: Path, arguments: Sequence[str] = ()) -> None:
        self.program = program
        self._front = [program] if program != ENVTEST else [sys.executable, program]
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        with (directory.parent / f"{directory.name}.log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._await(self.kubeconfig.exists, "start")

    def _command(self, arguments: Sequence[str]) -> Sequence[str | Path]:
        """What starts it; `arguments` are flags of the API server."""
        return [*self._front, "--dir", self.directory, "--", *arguments]

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl of the same release prints, as the administrator."""
        done = subprocess.run(
            [*self._front, "kubectl", "--kubeconfig", self.kubeconfig, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_namespace(self) -> str:
        """A namespace of its own, for a test."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.kubectl("create", "namespace", name)
        return name

    def need_controllers(self) -> None:
        """Skip a test of what a controller does where there is none; CI always has them."""
        if self.program == ENVTEST:
            assert "CI" not in os.environ, "CI needs the control plane of `make controlplane`"
            import pytest

            pytest.skip("envtest has no controllers: run `make controlplane`")

    def restart_server(self) -> None:
        """Kill the API server with SIGKILL; it comes back by itself, on the same data and port."""
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it, and remove the directory that it was started in."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.directory.parent, ignore_errors=True)

    def _await(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _READY_SECONDS
        while not done():
            assert self._process.poll() is None, f"the control plane ended: see {self.directory}"
            assert time.monotonic() < end, f"the control plane did not {what}"
            time.sleep(0.05)


@cache
def program() -> Path | None:
    """The control plane's program: the one that was built, else one of envtest's binaries.

    Waits for a build that is under way.
    """
    found = subprocess.run(
        [BUILD, "--where"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if found:
        return Path(found)
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    return ENVTEST if assets and (Path(assets) / "kube-apiserver").is_file() else None


def started(flags: Sequence[str] = ()) -> Cluster:
    """A new cluster, in memory where there is a file system for that.

    Skips the test where there is no program, and fails it in CI.
    """
    found = program()
    if found is None:
        import pytest  # the benchmarks do without

        if "CI" in os.environ:
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    memory = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there
    base = tempfile.mkdtemp(prefix="reconciler-", dir=memory if memory.is_dir() else None)
    return Cluster(found, Path(base) / "cluster", flags)
