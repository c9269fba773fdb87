"""Faults at single system calls of the program; see ``faults.c``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import pytest

from tests.crashes.forking import Forked
from tests.crashes.program import Ended

_SOURCE = Path(__file__).with_name("faults.c")


class Kind(IntEnum):
    """What happens at a call; the numbers are those of ``faults.c``."""

    NOTHING = 0
    KILL = 1
    TORN = 2
    FULL = 3
    ENOSPC = 4
    EIO = 5
    SHORT = 6


@dataclass(frozen=True)
class Call:
    """A system call that changes something below the directory."""

    number: int
    name: str
    path: str

    @property
    def writes(self) -> bool:
        return "write" in self.name

    def can_meet(self, kind: Kind) -> bool:
        """Whether a file system could do that to the call."""
        match kind:
            case Kind.TORN | Kind.SHORT:
                return self.writes
            case Kind.FULL | Kind.ENOSPC:
                return not self.name.startswith(("unlink", "rmdir", "fchmod", "chmod", "fchown"))
            case _:
                return True


@dataclass(frozen=True)
class Point:
    """A fault at one call."""

    kind: Kind
    call: Call

    def __str__(self) -> str:
        return f"{self.kind.name} at call {self.call.number}, {self.call.name} {self.call.path}"


def points(calls: Iterable[Call]) -> list[Point]:
    """Every fault that those calls can meet."""
    calls = list(calls)
    return [
        Point(kind, call)
        for kind in Kind
        if kind is not Kind.NOTHING
        for call in calls
        if call.can_meet(kind)
    ]


def not_here(why: str) -> NoReturn:
    """Skip a test that this machine cannot run; CI must be able to run it."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@dataclass(frozen=True)
class Injector:
    """Runs the program with a fault; ``directory`` takes what that needs."""

    directory: Path

    @cached_property
    def _library(self) -> Path:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler or sys.platform != "linux":
            not_here("faults at system calls need Linux and a C compiler (cc)")
        library = self.directory / "faults.so"
        command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror"]
        subprocess.run([*command, "-o", str(library), str(_SOURCE), "-ldl"], check=True)
        return library

    def run(
        self, place: Path, *args: str, point: Point | None = None
    ) -> tuple[Ended, list[Call], int]:
        """The end, the calls below `place`, and the number of the process."""
        record = self.directory / f"{place.name}.calls"
        record.unlink(missing_ok=True)
        kind, number = (point.kind, point.call.number) if point else (Kind.NOTHING, 0)
        armed = (str(place).encode(), str(record).encode(), int(kind), number)
        process = Forked(
            args,
            place,
            before=f"import ctypes; ctypes.CDLL({str(self._library)!r}).arm(*{armed!r})",
            wrapper=("env", f"LD_PRELOAD={self._library}"),
        )
        with process:
            out, err = process.stdout.read(), process.stderr.read()
        assert process.returncode is not None
        ended = Ended(process.returncode, out.decode(), err.decode())
        lines = record.read_text().splitlines() if record.exists() else []
        return ended, [_call(line) for line in lines], process.pid


def _call(line: str) -> Call:
    number, name, path = line.split(" ", 2)
    return Call(int(number), name, path)
