"""The installed program as a process of its own, under whatever conditions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crashes.forking import Forked

APPLY = ("apply", "--auto-approve", "-o", "json")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events among the lines that were printed whole."""
        return [json.loads(line) for line in self.out.splitlines(keepends=True) if line[-1] == "\n"]


class Run:
    """A process on its way; its output is read as it comes."""

    def __init__(self, place: Path, args: Iterable[str], before: str = "") -> None:
        self._out = b""
        self.process = _prepared(place, args, before) if before else Forked([*args], place)

    def lines(self, count: int) -> None:
        """Read that many lines of the output, or all where there are fewer."""
        assert self.process.stdout is not None
        self._out += b"".join(self.process.stdout.readline() for _ in range(count))

    def until(self, text: bytes) -> None:
        """Read until a line has `text` in it, or to the end."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            self._out += line
            if text in line:
                return

    def ended(self) -> Ended:
        """Wait for the end."""
        with self.process as process:
            assert process.stdout is not None
            assert process.stderr is not None
            self._out += process.stdout.read()
            said = process.stderr.read()  # a few lines at most, so the pipe holds them till now
        # Where there is a configuration file, it is named first.
        told = said.decode().removeprefix("Configuration: reconciler.yaml\n")
        return Ended(process.wait(), self._out.decode(), told)


def _prepared(place: Path, args: Iterable[str], before: str) -> subprocess.Popen[bytes]:
    # Whatever is to hold for the program is arranged by Python code in the same process.
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{_EXECUTE}", *args],
        cwd=place,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


_EXECUTE = """
import os, sys
os.execv(sys.executable, [sys.executable, "-m", "reconciler", *sys.argv[1:]])
"""


def run(place: Path, *args: str, before: str = "") -> Ended:
    """Run the program in `place` to its end; `before` is code that prepares the process."""
    return Run(place, args, before).ended()


def complaints(ended: Ended) -> list[str]:
    """What stands on standard error, without the notes of the plan."""
    return [line for line in ended.err.splitlines() if not line.startswith("Note: ")]


def ran_well(place: Path, *args: str) -> Ended:
    ended = run(place, *args)
    assert ended.code == 0, ended
    assert complaints(ended) == [], ended
    return ended


def told_clearly(ended: Ended, code: int, *texts: str) -> None:
    """An error that a person can use: the code, all of `texts`, and nothing from the inside."""
    said = ended.out + ended.err
    assert ended.code == code, ended
    for text in texts:
        assert text in said, ended
    for sign in ("Traceback", "unexpected", "bug of reconciler", "not-a-real"):
        assert sign not in said, ended


def put_manifests(place: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    """Make `documents` all that the manifests of `place` are."""
    file = place / "manifests" / "all.json"
    file.parent.mkdir(exist_ok=True)
    listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
    file.write_text(json.dumps(listed), encoding="utf-8")
