"""The full reader: makes trees of libyaml's events.

A stream is split at its ``---`` lines first, as kubectl does, so that a broken document does not
affect the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from reconciler.manifests import foreign, separators
from reconciler.manifests.jsontext import compose_json
from reconciler.manifests.nodes import (
    Document,
    Entry,
    Malformed,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Value,
    bare,
    distinct,
)
from reconciler.manifests.quickjson import quick_json
from reconciler.manifests.scalars import NUMERIC, WORDS, BadTag, resolve, resolve_tagged
from reconciler.manifests.syntax import malformed

Tree = tuple[Node, int, int]
"""A document's root, and where its text begins and ends."""

MAX_DEPTH = 100
"""How deep lists and maps may be nested."""
MAX_EVENTS = 4_000_000
"""How many of libyaml's events one document may need: about 80,000 small Secrets in one List."""
MAX_EXPANSION = 3 * 1024 * 1024
"""How many characters and nodes the aliases of one document may add to it."""

_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_JSON = re.compile(r"(?:---(?=[ \t\r\n]))?[ \t\r\n]*(?=[{\[])")
_SEPARATOR = re.compile(r"---(?=[ \t\r\n]|$)")

_entry: Callable[[tuple[Any, ...]], Entry] = partial(tuple.__new__, Entry)


class Part(NamedTuple):
    """A piece of a file that can be parsed by itself, and the number of lines before it."""

    text: str
    first_line: int

    def __repr__(self) -> str:
        return f"<Part from line {self.first_line + 1}>"


def parts(text: str) -> list[Part]:
    """Split `text` before each ``---``, as kubectl does; most parts are one document."""
    pieces: list[Part] = []
    start, line = 0, 0
    position = text.find("\n---")
    while position >= 0:
        if _SEPARATOR.match(text, position + 1):
            part = Part(text[start : position + 1], line)
            pieces.append(part)
            start, line = position + 1, line + part.text.count("\n")
        position = text.find("\n---", position + 1)
    pieces.append(Part(text[start:] if start else text, line))
    return pieces


def documents(part: Part, file: str, index: int) -> Iterator[Document]:
    """The documents of `part`, one at a time, empty ones included; `index` is the first one's.

    One that cannot be parsed comes as a `Document` with a ``problem``. Bytes that could not be
    decoded are lone surrogates in the text. `file` is the name that diagnostics use.
    """
    text = part.text.removeprefix("\ufeff")  # libyaml does not count it
    first_line = part.first_line
    trees: list[Tree] = []  # those before the broken one count
    broken: Malformed | None = None
    notes: dict[Callable[[str], Any], Any] = {}
    try:
        _compose(text, file, trees)
    except Malformed as error:
        broken = error
        if foreign.directive(text, error) is not None:
            trees = []  # what looked like documents was the template's beginning
    for root, start, end in trees:
        yield Document(file, index, first_line, text, root, notes, start, end)
        index += 1
    if broken:
        document = Document(file, index, first_line, text, None, notes)
        yield document._replace(problem=foreign.problem(document, broken))


def _compose(part: str, file: str, trees: list[Tree]) -> None:
    """Add the trees in `part` to `trees`.

    JSON goes first, as in kubectl: its strings mean something else to YAML in rare cases. What
    calls itself JSON must be JSON.

    Raises:
        Malformed: `part` is broken from some place on.
    """
    start = _JSON.match(part)
    if start:
        try:
            quick = quick_json(part, start.end(), MAX_DEPTH)
            trees += quick or compose_json(part, start.end(), MAX_DEPTH)
        except Malformed:
            if file.endswith(".json"):
                raise
        else:
            return
    if glued := separators.GLUED.search(part):
        raise Malformed(separators.CODE, separators.MESSAGE, glued.start(), separators.HINT)
    _compose_yaml(part, trees)


def _compose_yaml(part: str, trees: list[Tree]) -> None:
    if bad := not part.isascii() and _SURROGATE.search(part):
        raise Malformed(
            "encoding-invalid",
            "the text is not valid UTF-8 from here on",
            bad.start(),
            "save the file as UTF-8",
        )
    try:
        _Composer(part).compose(trees)
    except ReaderError:
        unreadable = _UNREADABLE.search(part)
        raise Malformed(
            "yaml-invalid",
            "control characters are not allowed",
            unreadable.start() if unreadable else 0,
            r'write it as an escape in double quotes ("\x1b"), or use data with base64',
        ) from None
    except MarkedYAMLError as error:
        raise malformed(part, error) from None


class _Composer:
    """Makes trees of the events of a part."""

    def __init__(self, part: str) -> None:
        self._get: Callable[[], Any] = CParser(part).get_event  # all of its events have marks
        self._anchors: dict[str, Node] = {}
        self._sizes: dict[int, _Size] = {}
        self._expansion = 0

    def compose(self, trees: list[Tree]) -> None:
        """Add each document's tree, up to the end or the first thing that is broken."""
        kind = None
        while kind is not StreamEndEvent:
            event = self._get()
            kind = type(event)
            if kind is DocumentStartEvent:
                root = self._tree()
                trees.append((root, event.start_mark.index, self._get().end_mark.index))
                self._anchors, self._sizes, self._expansion = {}, {}, 0

    def _tree(self) -> Node:  # noqa: C901, PLR0912 - see below
        """The tree of the events up to the end of the document, which is not read.

        One long loop, since it runs about once for every twenty bytes of a manifest.
        """
        get, new = self._get, tuple.__new__
        items: list[Any] = []  # of the innermost map or list: bare values and their places in turn
        around: list[list[Any]] = []
        place = 0
        for _ in range(MAX_EVENTS):
            event = get()
            kind = type(event)
            if kind is ScalarEvent:
                value: Any = event.value
                place = event.start_mark.index
                if event.tag is not None:
                    value = _tagged(event)
                elif event.implicit[0] and (value[:1] in NUMERIC or value in WORDS):
                    value = resolve(value)
                items += (value, place)
                if event.anchor is not None:
                    self._anchors[event.anchor] = Scalar(value, place)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                inner: list[Any] = []
                place = event.start_mark.index
                if kind is MappingStartEvent:
                    value = new(Mapping, ({}, place, inner))
                else:
                    value = new(Sequence, (inner, place))
                items += (value, place)
                around.append(items)
                items = inner
                if event.anchor is not None:
                    self._anchors[event.anchor] = value
                if len(around) > MAX_DEPTH:
                    raise _too_deep(place)
            elif kind is AliasEvent:
                node = self._alias(event, [*around, items])
                items += (bare(node), node.place)
            else:
                _complete(items, around[-1][-2])
                items = around.pop()
            if not around:
                return _node(*items)
        raise Malformed(
            "document-too-large",
            f"the document has more than {MAX_EVENTS:,} parts",
            around[0][1],
            "split it into several documents",
        )

    def _alias(self, event: Any, around: list[list[Node]]) -> Node:
        """The node that the alias refers to, with the place of the alias.

        No message names the alias: a password that begins with ``*`` looks like one.
        """
        place = event.start_mark.index
        node = self._anchors.get(event.anchor)
        if node is None:
            raise Malformed(
                "alias-invalid",
                "there is no such anchor before this alias",
                place,
                "put a value that begins with * in quotes",
            )
        if not isinstance(node, Scalar) and any(items is _inside(node) for items in around):
            raise Malformed(
                "alias-invalid", "this alias refers to a value that contains itself", place
            )
        size = self._size(node)
        self._expansion += size.weight
        if self._expansion > MAX_EXPANSION:
            raise Malformed("alias-expansion", "aliases make this document too large", place)
        if len(around) - 1 + size.depth > MAX_DEPTH:
            raise _too_deep(place)
        return node._replace(place=place)

    def _size(self, node: Node) -> _Size:
        """Characters and nodes in `node`, and how deep it is, with its aliases expanded."""
        if isinstance(node, Scalar):
            return _Size(1 + len(node.value) if isinstance(node.value, str) else 1, 0)
        size = self._sizes.get(id(_inside(node)))
        if size is None:
            inner = [self._size(child) for child in _children(node)]
            size = _Size(
                1 + sum(child.weight for child in inner),
                1 + max((child.depth for child in inner), default=0),
            )
            self._sizes[id(_inside(node))] = size
        return size


class _Size(NamedTuple):
    weight: int
    depth: int


def _complete(items: list[Any], node: Any) -> None:
    """Finish `node`, whose bare values and their places are in `items`, a list of its own."""
    if isinstance(node, Sequence):
        items[:] = map(_node, items[::2], items[1::2])
        return
    entries = [*map(_entry, zip(items[::4], items[1::4], items[2::4], items[3::4], strict=True))]
    by_key = distinct(entries)
    if by_key is None:
        items[:] = entries
    else:
        node.entries.update(by_key)
        items.clear()


def _node(value: Any, place: int) -> Node:
    return value if isinstance(value, Sequence | Mapping) else Scalar(value, place)


def _inside(node: Sequence | Mapping) -> Any:
    """The list that `node` shares with its aliases."""
    return node.items if isinstance(node, Sequence) else node.mixed


def _children(node: Sequence | Mapping) -> Iterator[Node]:
    if isinstance(node, Sequence):
        yield from node.items
        return
    for entry in node.all_entries():
        yield entry.key_node
        yield entry.node


def _tagged(event: Any) -> Value:
    """The value of a tagged scalar; a password that begins with ``!`` looks like one."""
    try:
        return resolve_tagged(event.tag, event.value)
    except BadTag:
        raise Malformed(
            "tag-invalid",
            "the value is not what its tag says",
            event.start_mark.index,
            "remove the tag; put a value that begins with ! in quotes",
        ) from None


def _too_deep(place: int) -> Malformed:
    return Malformed(
        "nesting-too-deep", f"lists and maps are nested more than {MAX_DEPTH} deep", place
    )
