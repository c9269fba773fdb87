"""The tree of a document: what was written, and where.

Nodes are named tuples because ten thousand documents have half a million of them. A place is the
offset of a character in the document's text; `Document.source` turns it into a line and a column.
No ``repr`` here shows any text of a manifest.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Collection
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from reconciler.model.ciphertexts import Ciphertext
from reconciler.model.objects import Diagnostic, Severity, Source

_STRINGS = {str}
_key_of: Callable[[tuple[Any, ...]], Any] = itemgetter(0)

Value = None | bool | int | float | str
Noted = TypeVar("Noted")


def _masked(node: Any) -> str:
    """The type and the place of `node`, without its text."""
    return f"<{type(node).__name__} at {node.place}>"


class Scalar(NamedTuple):
    """A leaf, resolved as kubectl does."""

    value: Value
    place: int

    def __repr__(self) -> str:
        return _masked(self)


class Sequence(NamedTuple):
    """A list."""

    items: list[Node]
    place: int

    def __repr__(self) -> str:
        return _masked(self)


class Mapping(NamedTuple):
    """A map: ``entries`` by key, or ``mixed`` where the keys are not all different strings.

    Then ``mixed`` has all entries as they were written, with duplicates and merge keys.
    """

    entries: dict[str, Entry]
    place: int
    mixed: Collection[Entry] = ()

    def all_entries(self) -> list[Entry]:
        """The entries as they were written, whatever their keys are."""
        return [*self.entries.values(), *self.mixed]

    def __repr__(self) -> str:
        return _masked(self)


class Entry(NamedTuple):
    """A key of a map and what it holds, each with its place.

    ``key`` is a `Sequence` or `Mapping` where the document uses one as a key. A scalar is held as
    its bare value, since few entries are needed as nodes. ``written_at`` is ``None`` for a value
    that follows an unquoted key after a colon and one space.
    """

    key: Value | Sequence | Mapping
    place: int
    value: Value | Sequence | Mapping
    written_at: int | None = None

    def __repr__(self) -> str:
        return _masked(self)

    @property
    def value_place(self) -> int:
        """The place of the value."""
        if self.written_at is None:
            return self.place + len(str(self.key)) + len(": ")
        return self.written_at

    @property
    def node(self) -> Node:
        """What the map holds at the key."""
        value = self.value
        return value if isinstance(value, Sequence | Mapping) else Scalar(value, self.value_place)

    @property
    def key_node(self) -> Node:
        """The key itself."""
        key = self.key
        return key if isinstance(key, Sequence | Mapping) else Scalar(key, self.place)


Node = Scalar | Sequence | Mapping


def item_of(node: Node) -> Entry:
    """`node`, which a list holds or which is the root of a document, as an entry without a key."""
    return Entry(None, node.place, bare(node), node.place)


def bare(node: Node) -> Value | Sequence | Mapping:
    """`node` as an entry holds it."""
    return node.value if isinstance(node, Scalar) else node


def distinct(entries: list[Entry]) -> dict[str, Entry] | None:
    """`entries` by key, if all keys are different strings."""
    if {*map(type, map(_key_of, entries))} <= _STRINGS:
        by_key = dict(zip(map(_key_of, entries), entries, strict=True))
        if len(by_key) == len(entries):
            return by_key
    return None


class MergeKey(str):
    """The type of `MERGE`, which tells it from a quoted ``"<<"``."""

    __slots__ = ()


MERGE = MergeKey("<<")

_BLOCK = 4096  # characters
_NO_CIPHERTEXTS: collections.abc.Mapping[int, Ciphertext] = MappingProxyType({})


class Document(NamedTuple):
    """One document of a stream: its tree, or the problem that prevents one.

    ``text`` is the part of the file that places point into, ``first_line`` (from 0) that part's
    place in the file. ``start`` and ``end`` are the document's own range in ``text``. ``notes``
    starts as an empty map, which all documents in ``text`` share; see `noted`.
    ``ciphertexts`` are the values as SOPS encrypted them, by their places; ``sealed`` says that no
    key at hand opens them.
    """

    file: str
    number: int
    first_line: int
    text: str
    root: Node | None
    notes: dict[Callable[[str], Any], Any]
    start: int = 0
    end: int = 0
    problem: Diagnostic | None = None
    ciphertexts: collections.abc.Mapping[int, Ciphertext] = _NO_CIPHERTEXTS
    sealed: bool = False

    def __repr__(self) -> str:
        return f"<Document {self.number} of {self.file}>"

    def source(self, place: int, item: int | None = None) -> Source:
        """The line and column of `place`, within the `item` of a List."""
        line, column = self._line_and_column(place)
        return Source(self.file, self.first_line + line + 1, column + 1, self.number, item)

    def _line_and_column(self, place: int) -> tuple[int, int]:
        """Both from 0, as editors count: YAML 1.1 would break lines at U+2028, too."""
        if not place:
            return 0, 0
        block = place // _BLOCK
        line, start = self.noted(_blocks)[block] if block else (0, 0)
        line, start = _line_at(self.text, block * _BLOCK, place, line, start)
        return line, place - start

    def noted(self, find: Callable[[str], Noted]) -> Noted:
        """What `find` makes of the text, which thousands of objects may share: asked only once."""
        if find not in self.notes:
            self.notes[find] = find(self.text)
        noted: Noted = self.notes[find]
        return noted


def _blocks(text: str) -> list[tuple[int, int]]:
    """For each block of `text`, the line at its beginning, and where that line begins."""
    blocks = [(0, 0)]
    for begin in range(0, len(text), _BLOCK):
        blocks.append(_line_at(text, begin, begin + _BLOCK, *blocks[-1]))
    return blocks


def _line_at(text: str, begin: int, end: int, line: int, start: int) -> tuple[int, int]:
    """The line at `end` and where it begins, given `line` and its `start` for `begin`."""
    line += text.count("\n", begin, end)
    last = text.rfind("\n", begin, end)
    before = max(begin - 1, 0)  # a block may begin between CR and LF
    if text.find("\r", before, end) >= 0:
        line += text.count("\r", begin, end) - text.count("\r\n", before, end)
        last = max(last, text.rfind("\r", begin, end))
    return line, start if last < 0 else last + 1


class Malformed(Exception):
    """A document cannot be made into a tree; no message of it holds any of its text."""

    def __init__(self, code: str, message: str, place: int, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint

    def diagnostic(self, document: Document) -> Diagnostic:
        """The error to report for `document`."""
        return Diagnostic(
            severity=Severity.ERROR,
            code=self.code,
            message=self.message,
            field="",
            source=document.source(self.place),
            hint=self.hint,
        )
