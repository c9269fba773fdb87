"""Programs that print manifests, run side by side.

They get a list of arguments without a shell and read nothing. Each has a process group of its own,
which ends when the program does, when its time is up, and when this process ends, even by SIGKILL.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.inputs.parents import end_with_parent

OWN_VARIABLES = "RECONCILER_"
"""How the variables begin that no program gets: keys of this program are among them."""

ALLOW = "if you trust it, use --allow-run or RECONCILER_ALLOW_RUN=1"
"""The end of a hint that says how a program is allowed what it is refused."""

_AT_ONCE = 8
_CHUNK_BYTES = 1 << 16
_MOST_COMPLAINT = 1 << 16
_SHELL = "/bin/sh"
# Waits until the other end of the pipe is closed, which the kernel does for whoever is killed.
_GUARD = 'read -r group && read -r line; test -n "$group" && kill -s KILL -- "-$group"'


class Job(NamedTuple):
    """A program with its arguments, and the environment and directory that it is started with."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    directory: str

    def __repr__(self) -> str:
        return f"<Job {self.arguments[0]}>"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    ``failure`` says in words why its output cannot be used, with the program as the subject, and
    is empty where it can.
    ``complaint`` is what it wrote on standard error, where that was asked for.
    """

    output: bytes = field(default=b"", repr=False)
    failure: str = ""
    complaint: bytes = field(default=b"", repr=False)


def run_all(
    jobs: Sequence[Job], *, seconds: float, most_bytes: int, keep_complaints: bool = False
) -> list[Ended]:
    """Run `jobs`, some at a time, and return how each ended, in the same order.

    A program may take `seconds` and print `most_bytes`; one that prints more is ended, and what it
    printed so far is longer than that. Standard error is kept with `keep_complaints` only, as it
    may hold values.
    """
    waiting = list(enumerate(jobs))[::-1]
    ended: dict[int, Ended] = {}
    running: dict[int, _Running] = {}
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        while waiting or running:
            while waiting and len(running) < _AT_ONCE:
                number, job = waiting.pop()
                try:
                    started = _Running(job, seconds, keep_complaints=keep_complaints)
                except OSError as error:
                    reason = (error.strerror or "no reason given").lower()
                    ended[number] = Ended(failure=f"cannot be started: {reason}")
                    continue
                stack.callback(started.end)
                running[number] = started
                for stream in started.streams:
                    selector.register(stream, selectors.EVENT_READ, started)
            for key, _ in selector.select(_patience(running)):
                if not key.data.take(key.fd):
                    selector.unregister(key.fileobj)
            for number, program in list(running.items()):
                result = program.result(most_bytes)
                if result is not None:
                    for stream in program.streams:
                        with contextlib.suppress(KeyError):
                            selector.unregister(stream)
                    program.end()
                    ended[number] = result
                    del running[number]
    return [ended[number] for number in range(len(jobs))]


def _patience(running: Mapping[int, _Running]) -> float | None:
    """For how long nothing needs to be looked at, unless somebody prints something."""
    if not running:
        return 0
    return max(0, min(program.until for program in running.values()) - time.monotonic())


class _Running:
    """A program at work, whose output is being gathered."""

    def __init__(self, job: Job, seconds: float, *, keep_complaints: bool) -> None:
        """Raises ``OSError`` if it cannot be started."""
        self._guard = _guard()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a list, without a shell
                job.arguments,
                env=job.environ,
                cwd=job.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if keep_complaints else subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_guarded_by(self._guard),  # noqa: PLW1509 - it takes no lock
            )
        except BaseException:
            self._end_guard()
            raise
        self._seconds = seconds
        self.until = time.monotonic() + seconds
        assert self._process.stdout is not None
        self._output, self._complaint = bytearray(), bytearray()
        self._gathered = {self._process.stdout.fileno(): self._output}
        self.streams = [self._process.stdout]
        if self._process.stderr is not None:
            self._gathered[self._process.stderr.fileno()] = self._complaint
            self.streams.append(self._process.stderr)
        self._open = set(self._gathered)

    def take(self, descriptor: int) -> bool:
        """Take what the program printed; whether there may be more."""
        part = os.read(descriptor, _CHUNK_BYTES)
        gathered = self._gathered[descriptor]
        if gathered is self._output or len(gathered) < _MOST_COMPLAINT:
            gathered += part
        if not part:
            self._open.discard(descriptor)
        return bool(part)

    def result(self, most_bytes: int) -> Ended | None:
        """How the program ended; ``None`` as long as it has not."""
        complaint = bytes(self._complaint)
        if len(self._output) > most_bytes:
            return Ended(bytes(self._output), complaint=complaint)
        late = Ended(failure=f"took more than {self._seconds:g} seconds", complaint=complaint)
        if self._open:
            return late if time.monotonic() >= self.until else None
        try:
            code = self._process.wait(max(0.1, self.until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return late
        if code < 0:
            return Ended(failure=f"was ended by {_signal_name(-code)}", complaint=complaint)
        if code:
            return Ended(failure=f"ended with exit code {code}", complaint=complaint)
        return Ended(bytes(self._output), complaint=complaint)

    def end(self) -> None:
        """End the program and all that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in self.streams:
            stream.close()
        self._end_guard()

    def _end_guard(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None


def _guarded_by(guard: subprocess.Popen[bytes] | None) -> Callable[[], None]:
    """What the program does before it begins: whoever kills us even now kills it, too."""
    bind = end_with_parent()
    descriptor = None if guard is None or guard.stdin is None else guard.stdin.fileno()

    def begin() -> None:
        if bind is not None:
            bind()
        if descriptor is not None:
            os.write(descriptor, b"%d\n" % os.getpid())

    return begin


def _guard() -> subprocess.Popen[bytes] | None:
    """A process that kills the process group whose number it reads when this process ends.

    Where there is no shell, the program itself ends with us all the same: see `end_with_parent`.
    """
    try:
        return subprocess.Popen(  # noqa: S603 - as above
            [_SHELL, "-c", _GUARD],
            env={},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def inherited(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The variables of `environ` that a program may get."""
    return (pair for pair in environ.items() if not pair[0].startswith(OWN_VARIABLES))
