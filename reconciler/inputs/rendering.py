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
from pathlib import Path
from typing import NamedTuple

from reconciler.inputs.problems import input_error
from reconciler.inputs.programs import Ended, Job, run_all
from reconciler.inputs.texts import MAX_FILE_BYTES, text_of
from reconciler.model.inputs import Part, Read, Rendered, Text
from reconciler.model.objects import Diagnostic, Source
from reconciler.model.plans import Note

Told = Callable[[str, bytes], None]
"""Is told the name of a source that failed, and what its program wrote on standard error."""

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
    how long a program may take.
    """

    environ: Mapping[str, str] = field(repr=False, default_factory=dict)
    everything_allowed: bool = False
    twice: bool = False
    told: Told | None = None
    seconds: float = _LONGEST_SECONDS


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

    @property
    def may_vary(self) -> bool:
        """Whether two runs may print different things, although nothing has changed."""
        return True

    @abstractmethod
    def problems(self, running: Running) -> Iterator[Diagnostic]:
        """Why the program must not be run."""

    @abstractmethod
    def job(self, program: str, private: Path, running: Running) -> Job:
        """The program at the path `program`; `private` is an empty directory for it alone."""

    def printed(self, text: Text) -> Printed:
        """What the output `text` means."""
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
    for rendering in renderings:
        problems = list(rendering.problems(running))
        program = None if problems else _path_of(rendering, running)
        if program is None and not problems:
            missing = f"the program {rendering.program} is not on PATH"
            problems = [rendering.error("source-missing", missing, rendering.install)]
        yield from (Read(rendering.path, rendering.identity, problem) for problem in problems)
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
        ended = iter(
            run_all(
                jobs,
                seconds=running.seconds,
                most_bytes=MAX_FILE_BYTES,
                keep_complaints=running.told is not None,
            )
        )
    for rendering, _ in sound:
        first, *again = [next(ended) for _ in range(_runs(rendering, running))]
        yield from _reads(rendering, first, again, running)


def _runs(rendering: Rendering, running: Running) -> int:
    return 2 if running.twice and rendering.may_vary else 1


def _path_of(rendering: Rendering, running: Running) -> str | None:
    return shutil.which(rendering.program, path=running.environ.get("PATH", os.defpath))


def _reads(
    rendering: Rendering, first: Ended, again: Sequence[Ended], running: Running
) -> Iterator[Read]:
    content = _content(rendering, first, running)
    for second in again:  # which may fail where the first did not
        if isinstance(content, Printed):
            repeated = _content(rendering, second, running)
            if isinstance(repeated, Diagnostic):
                content = repeated
            else:
                differs = repeated.text != content.text
                yield from _told(rendering, content, repeated.text if differs else None)
                return
    if isinstance(content, Diagnostic):
        yield Read(rendering.path, rendering.identity, content)
    else:
        yield from _told(rendering, content, None)


def _told(rendering: Rendering, printed: Printed, again: Text | None) -> Iterator[Read]:
    rendered = Rendered(printed.text, printed.parts, rendering.namespace, again)
    yield Read(rendering.path, rendering.identity, rendered)
    for note in printed.notes:
        yield Read(rendering.path, rendering.identity, note)


def _content(rendering: Rendering, ended: Ended, running: Running) -> Printed | Diagnostic:
    if ended.failure and running.told is not None:
        running.told(rendering.name, ended.complaint)
    hint = "run it by hand to see what it says, or use --show-source-errors at a terminal"
    if ended.failure:
        return rendering.error("source-failed", ended.failure, hint)
    text = text_of(f"<{rendering.name}>", ended.output)
    if isinstance(text, Diagnostic):
        return text
    if not text.text.strip():
        return rendering.error("source-failed", "it printed nothing", hint)
    if not text.text.rstrip(" \t\r").endswith(_WHOLE_ENDS):
        cut = "its output ends in the middle of a line"
        return rendering.error("source-failed", cut, "make sure that it prints all of it")
    return rendering.printed(text)


@contextlib.contextmanager
def _private_directories(count: int) -> Iterator[list[Path]]:
    """Empty directories that only this user can enter, gone in the end."""
    with tempfile.TemporaryDirectory(prefix="reconciler-") as directory:  # of mode 0700
        made = [Path(directory, str(number)) for number in range(count)]
        for path in made:
            path.mkdir()
        yield made
