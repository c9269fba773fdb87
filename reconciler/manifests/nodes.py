"""The tree of a document: what was written, and where.

Nodes are named tuples because ten thousand documents have half a million of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from reconciler.model.objects import Diagnostic, Severity, Source

Value = None | bool | int | float | str


class Mark(Protocol):
    """A place in the text of a `Document`; line, column and index count from 0, in characters."""

    @property
    def line(self) -> int: ...  # noqa: D102 - the class says it
    @property
    def column(self) -> int: ...  # noqa: D102 - the class says it
    @property
    def index(self) -> int: ...  # noqa: D102 - the class says it


@dataclass(frozen=True, slots=True)
class Position:
    """A `Mark` of our own making."""

    line: int
    column: int
    index: int


class Scalar(NamedTuple):
    """A leaf, resolved as kubectl does."""

    value: Value
    mark: Mark


class Sequence(NamedTuple):
    """A list."""

    items: list[Node]
    mark: Mark


class Mapping(NamedTuple):
    """A map; ``items`` holds keys and values in turn, duplicates and merge keys included."""

    items: list[Node]
    mark: Mark


Node = Scalar | Sequence | Mapping


class MergeKey(str):
    """The type of `MERGE`, which a quoted ``"<<"`` has not."""

    __slots__ = ()


MERGE = MergeKey("<<")


_FOREIGN_BREAK = re.compile("[\x85\u2028\u2029]")
_BREAK = re.compile("\r\n?|\n")


def line_starts(text: str) -> tuple[int, ...]:
    """Where lines begin, if YAML counts more of them in `text` than editors do; else nothing.

    To YAML 1.1, U+0085, U+2028 and U+2029 end a line.
    """
    if text.isascii() or not _FOREIGN_BREAK.search(text):
        return ()
    return (0, *(match.end() for match in _BREAK.finditer(text)))


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream: its tree, or the reason why it has none.

    ``text`` is the part of the file that marks point into, ``first_line`` (from 0) that part's
    place in the file. ``start`` and ``end`` are the document's own range in ``text``.
    ``line_starts`` are the indices at which lines begin, where `line_starts` finds a need of them.
    """

    file: str
    index: int
    first_line: int
    text: str
    root: Node | None
    start: int = 0
    end: int = 0
    problem: Diagnostic | None = None
    line_starts: tuple[int, ...] = ()

    def source(self, mark: Mark, item: int | None = None) -> Source:
        """The place of `mark` as it is shown to people."""
        line, column = mark.line, mark.column
        if self.line_starts:
            line = bisect_right(self.line_starts, mark.index) - 1
            column = mark.index - self.line_starts[line]
        return Source(self.file, self.first_line + line + 1, column + 1, self.index, item)


class Malformed(Exception):
    """A document cannot be made into a tree; no message of it holds any of its text."""

    def __init__(self, code: str, message: str, mark: Mark, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.mark = mark
        self.hint = hint

    def diagnostic(self, document: Document) -> Diagnostic:
        """What to tell the author."""
        return Diagnostic(
            severity=Severity.ERROR,
            code=self.code,
            message=self.message,
            field="",
            source=document.source(self.mark),
            hint=self.hint,
        )
