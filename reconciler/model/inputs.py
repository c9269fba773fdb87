"""What inputs are, and what they yield: texts, each with the name that places in it use."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple

from reconciler.model.objects import Diagnostic, Source
from reconciler.model.plans import Note

IGNORE_FILE = ".reconcilerignore"
"""The file whose patterns count for its directory and all below it."""


class Text(NamedTuple):
    """The text of a file; bytes that are not UTF-8 stand in it as lone surrogates (PEP 383)."""

    file: str
    text: str

    def __repr__(self) -> str:
        return f"<Text of {self.file}>"


class Part(NamedTuple):
    """A document of what a program printed: the line where it begins, and where it comes from.

    With ``is_file``, ``origin`` is the file that the program made it of, and lines of the output
    say nothing of that file. Otherwise ``origin`` names the source and the document.
    """

    line: int
    origin: str
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a program printed, whose documents begin where ``parts`` say, in order.

    Objects that name no namespace get ``namespace``, where there is one. ``again`` is what a second
    run printed, if that was something else.
    """

    text: Text
    parts: tuple[Part, ...]
    namespace: str = ""
    again: Text | None = None

    @property
    def file(self) -> str:
        """What the output as a whole is called."""
        return self.text.file

    def place(self, source: Source) -> Source:
        """What `source`, a place in the output, is called."""
        index = bisect_right(self.parts, source.line, key=itemgetter(0)) - 1
        part = self.parts[max(index, 0)]
        if part.is_file:
            return replace(source, file=part.origin, line=1, column=1)
        return replace(source, file=part.origin)


class Read(NamedTuple):
    """A file of the input that was named `path`, or the reason why there is none.

    `content` is ``None`` where another input has brought the same file already; `identity` is the
    same for all names of a file. `listed` files come from the listing of a directory: nobody has
    named them, so they may be no manifests.
    """

    path: str
    identity: str
    content: Text | Rendered | Diagnostic | Note | None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Patterns of files and directories that inputs leave out, in the syntax of ``.gitignore``.

    The patterns count from the directory `base`; later ones win.
    """

    base: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program that prints manifests, as ``reconciler.yaml`` names it under ``run``.

    ``arguments`` begin with the program, and go to it without a shell. It is started in
    ``directory``. ``place`` is where it was named.
    """

    name: str
    arguments: tuple[str, ...]
    directory: str
    place: Source

    @property
    def digest(self) -> str:
        """What tells this definition from another one; the directory is left out."""
        return _digest("run", *self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A Helm chart with what a release of it is made with, as ``reconciler.yaml`` has it.

    ``chart`` and ``values`` are paths from ``directory``; nothing outside of ``checkout`` is read
    without permission. ``place`` is where it was named.
    """

    name: str
    chart: str
    release: str
    namespace: str
    values: tuple[str, ...]
    directory: str
    checkout: str
    place: Source

    @property
    def digest(self) -> str:
        """What tells this definition from another one; the directories are left out."""
        return _digest("helm", self.chart, self.release, self.namespace, self.values)


InputSource = Command | Chart
"""A source of manifests that has a name of its own, since it is no path."""


@dataclass(frozen=True, slots=True)
class SourceMark:
    """What a plan keeps of a source: never a command that could be run."""

    name: str
    digest: str


def _digest(*definition: str | tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(definition).encode()).hexdigest()
