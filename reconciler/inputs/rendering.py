"""Sources whose manifests a program prints: what they have in common."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from reconciler.inputs.problems import input_error, printable
from reconciler.inputs.programs import Ended, Job, run_all
from reconciler.inputs.texts import MAX_FILE_BYTES, text_of
from reconciler.model.inputs import Part, Read, Rendered, Text
from reconciler.model.objects import Diagnostic, Source
from reconciler.model.plans import Note

Told = Callable[[str, bytes], None]
"""Is told the name of a source that failed, and what its program wrote on standard error."""
Waiting = Callable[[], contextlib.AbstractContextManager[None]]

_LONGEST_SECONDS = 300.0  # a person may have to log in
_DOCUMENT = re.compile(r"^(?=---(?:\s|$))", re.MULTILINE)
_WHOLE_ENDS = ("\n", "}", "]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How programs are run.

    ``environ`` is the environment that they inherit from. ``everything_allowed`` lets them execute
    and fetch what the manifests ask for, and commands of the configuration file run at all.
    ``twice`` runs programs whose output may differ from time to time once more. ``told``, if given,
    gets what a program that failed wrote on standard error, which may hold values. ``seconds`` is
    how long a program may take. ``waiting`` is entered for as long as one runs.
    """

    environ: Mapping[str, str] = field(repr=False, default_factory=dict)
    everything_allowed: bool = False
    twice: bool = False
    told: Told | None = None
    seconds: float = _LONGEST_SECONDS
    waiting: Waiting = contextlib.nullcontext


class Printed(NamedTuple):
    """The output of a program, where its documents begin, and what has to be said of them."""

    text: Text
    parts: tuple[Part, ...]
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        return f"<Printed by {self.text.file}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering(ABC):
    """A program that is to be run, and what its output means.

    ``path`` is the input that it is part of, ``identity`` what it has in common with other names of
    the same source. ``place`` is where diagnostics point. ``namespace`` is for objects that name
    none; empty where the source does not say.
    """

    path: str
    name: str
    identity: str
    place: Source
    namespace: str = ""

    @property
    @abstractmethod
    def program(self) -> str:
        """The program, as it is looked for."""

    @property
    @abstractmethod
    def install(self) -> str:
        """What to do where the program is missing."""

    def may_vary(self, running: Running) -> bool:
        """Whether two runs may print different things, although nothing has changed."""
        del running
        return True

    @abstractmethod
    def problems(self, running: Running) -> Iterator[Diagnostic]:
        """Why the program must not be run."""

    @abstractmethod
    def job(self, program: str, private: Path, running: Running) -> Job:
        """The program at the path `program`; `private` is an empty directory for it alone."""

    def printed(self, text: Text, private: Path) -> Printed:
        """What the output `text` means; `private` was the directory of the program, and is gone."""
        del private
        return Printed(text, tuple(numbered_parts(self.name, text.text)))

    def error(self, code: str, message: str, hint: str) -> Diagnostic:
        """An error of this source."""
        return input_error(self.path, code, f"{self.name}: {message}", hint, self.place)


def numbered_parts(name: str, text: str) -> Iterator[Part]:
    """The documents in `text`, each by its number."""
    for number, (line, _) in enumerate(documents_in(text), start=1):
        yield Part(line, f"<{name}, document {number}>")


def documents_in(text: str) -> Iterator[tuple[int, str]]:
    """The documents of a stream, each with the number of its first line."""
    line = 1
    for index, part in enumerate(_DOCUMENT.split(text)):
        if index == 0 and not part.strip():  # what stands before the first document
            line += part.count("\n")
            continue
        yield line, part
        line += part.count("\n")


def read(renderings: Sequence[Rendering], running: Running) -> Iterator[Read]:
    """What the programs of `renderings` print, run side by side."""
    sound: list[tuple[Rendering, str]] = []
    told: set[Diagnostic] = set()  # several kustomizations may share what is wrong
    for rendering in renderings:
        problems = list(rendering.problems(running))
        program = None if problems else _path_of(rendering, running)
        if program is None and not problems:
            problems = [rendering.error("source-missing", _missing(rendering), rendering.install)]
        for problem in problems:
            yield Read(rendering.path, rendering.identity, None if problem in told else problem)
        told.update(problems)
        if program is not None:
            sound.append((rendering, program))
    if not sound:
        return
    runs = [each for each in sound for _ in range(_runs(each[0], running))]
    with _private_directories(len(runs)) as directories:
        jobs = [
            rendering.job(program, private, running)
            for (rendering, program), private in zip(runs, directories, strict=True)
        ]
        with running.waiting():
            ended = run_all(
                jobs,
                seconds=running.seconds,
                most_bytes=MAX_FILE_BYTES,
                keep_complaints=running.told is not None,
            )
        contents = [
            _content(rendering, each, private, running)
            for (rendering, _), each, private in zip(runs, ended, directories, strict=True)
        ]
    for rendering, group in groupby(zip(runs, contents, strict=True), key=lambda each: each[0][0]):
        yield from _reads(rendering, [content for _, content in group])


def _missing(rendering: Rendering) -> str:
    program = printable(rendering.program)
    if "/" in program:
        return f"there is no program {program}, or it cannot be executed"
    return f"the program {program} is not on PATH"


def _runs(rendering: Rendering, running: Running) -> int:
    return 2 if running.twice and rendering.may_vary(running) else 1


def _path_of(rendering: Rendering, running: Running) -> str | None:
    return shutil.which(rendering.program, path=running.environ.get("PATH", os.defpath))


def _reads(rendering: Rendering, contents: Sequence[Printed | Diagnostic]) -> Iterator[Read]:
    """What a program printed, or why there is nothing: a second run may fail where one did not."""
    failed = [content for content in contents if isinstance(content, Diagnostic)]
    if failed:
        yield Read(rendering.path, rendering.identity, failed[0])
        return
    first, *again = [content for content in contents if isinstance(content, Printed)]
    other = next((each.text for each in again if each.text != first.text), None)
    rendered = Rendered(first.text, first.parts, rendering.namespace, other)
    yield Read(rendering.path, rendering.identity, rendered)
    for note in first.notes:
        yield Read(rendering.path, rendering.identity, note)


def _content(
    rendering: Rendering, ended: Ended, private: Path, running: Running
) -> Printed | Diagnostic:
    if ended.failure and running.told is not None:
        running.told(rendering.name, ended.complaint)
    hint = "run it by hand to see what it says, or use --show-source-errors at a terminal"
    if ended.failure:
        who = printable(os.path.basename(rendering.program))  # noqa: PTH119 - a name
        return rendering.error("source-failed", f"{who} {ended.failure}", hint)
    text = text_of(f"<{rendering.name}>", ended.output)
    if isinstance(text, Diagnostic):
        return text
    if not text.text.strip():
        return rendering.error("source-failed", "it printed nothing", hint)
    if not text.text.rstrip(" \t\r").endswith(_WHOLE_ENDS):
        cut = "its output ends in the middle of a line"
        return rendering.error("source-failed", cut, "make sure that it prints all of it")
    return rendering.printed(text, private)


@contextlib.contextmanager
def _private_directories(count: int) -> Iterator[list[Path]]:
    """Empty directories that only this user can enter, gone in the end."""
    with tempfile.TemporaryDirectory(prefix="reconciler-") as directory:  # of mode 0700
        made = [Path(directory, str(number)) for number in range(count)]
        for path in made:
            path.mkdir()
        yield made
