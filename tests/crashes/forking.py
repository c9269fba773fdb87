"""Processes of the program that have not to import it: they are forked from one that has.

To import the program, and the SDK of a store, takes most of the time of a short apply, and series
of kills need hundreds of them. A fork is a process like any other, to be killed as any other.

Imported by tests, this starts such processes; run as a script, it is the one that they come from.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_SDKS = (
    *("alibabacloud_sae20190506.client", "alibabacloud_sae20190506.models", "deepdiff", "docker"),
    *("huaweicloudsdkcce.v3", "huaweicloudsdkcore.signer.signer", "huaweicloudsdkiam.v3"),
    *("kubernetes.client", "kubernetes.config", "yaml"),
)
"""What the program imports only where it is used."""
_ONE_AT_A_TIME = threading.Lock()


class Forked:
    """A process that runs the program, with what tests need of `subprocess.Popen`.

    `before` is Python code that prepares the process. `wrapper` is a command that starts the
    process forked from, with that one's command as its last arguments; it has no SDKs, as a fork
    costs the less the less was imported.
    """

    def __init__(
        self, args: Sequence[str], cwd: Path, *, before: str = "", wrapper: tuple[str, ...] = ()
    ) -> None:
        self.returncode: int | None = None
        self._waiting = threading.Lock()  # a stand-in's thread may kill what the test waits for
        self._status, status = socket.socketpair()
        out, out_of_it = os.pipe()
        err, err_of_it = os.pipe()
        self.stdout: BinaryIO = os.fdopen(out, "rb")
        self.stderr: BinaryIO = os.fdopen(err, "rb")
        with status, _ONE_AT_A_TIME:
            socket.send_fds(_forker(wrapper), [b"+"], [status.fileno(), out_of_it, err_of_it])
        os.close(out_of_it)
        os.close(err_of_it)
        request = {
            "args": list(args),
            "cwd": str(cwd),
            "environ": dict(os.environ),
            "before": before,
        }
        self._status.sendall(json.dumps(request).encode() + b"\n")
        self._told = self._status.makefile("rb")
        self.pid = int(self._told.readline())

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """The exit code of a process that has ended; minus the signal's number where one did it."""
        if self.returncode is None:
            with suppress(BlockingIOError):
                self._status.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                return self.wait()
        return self.returncode

    def wait(self) -> int:
        with self._waiting:
            if self.returncode is None:
                self.returncode = os.waitstatus_to_exitcode(int(self._told.readline()))
        return self.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stdout.close()
        self.stderr.close()
        self.wait()
        self._told.close()
        self._status.close()


@cache
def _forker(wrapper: tuple[str, ...]) -> socket.socket:
    """The way to the process that forks; that ends once this is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [*wrapper, sys.executable, __file__, str(theirs.fileno()), *(() if wrapper else _SDKS)],
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def _import_all(more: Sequence[str]) -> None:
    """Import the program, without beginning it, and `more`."""
    program = importlib.import_module("reconciler")
    for module in pkgutil.walk_packages(program.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in more:
        importlib.import_module(name)
    assert threading.active_count() == 1  # others would not be there after a fork
    gc.freeze()


def _fork_on_request(control: socket.socket) -> bool:
    """Fork once for each request; tells whether this is the process that is to be the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    while True:
        _, files, _, _ = socket.recv_fds(control, 1, 3)
        if not files:
            return False
        if os.fork() == 0:
            control.close()
            return _become(socket.socket(fileno=files[0]), files[1:])
        for file in files:
            os.close(file)


def _become(status: socket.socket, streams: list[int]) -> bool:
    """Fork the process that is to be the program, and tell its number and how it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with status.makefile("rb") as asked:
        request = json.loads(asked.readline())
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        status.sendall(b"%d\n" % child)
        _, ended = os.waitpid(child, 0)
        with suppress(OSError):
            status.sendall(b"%d\n" % ended)
        os._exit(0)
    status.close()
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - as Python itself begins
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    exec(request["before"], {})  # noqa: S102 - a test's own code
    sys.argv = ["reconciler", *request["args"]]
    return True


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _import_all(sys.argv[2:])
        if _fork_on_request(socket.socket(fileno=int(sys.argv[1]))):
            runpy.run_module("reconciler", run_name="__main__", alter_sys=True)
