"""The quick reader: trees of documents that are nothing but plain lines.

Most manifests consist of ``key: value`` and ``- item`` lines, and libyaml needs longer for their
events than everything else takes. A regular expression reads such lines, as far as they can mean
only one thing; `reconciler.manifests.yaml` reads all other documents, and defines what is right:
tests hold that both readers make the same tree wherever this one makes any at all.
"""

from __future__ import annotations

import json
import re
from sys import intern
from typing import Any

from reconciler.manifests.matching import matches
from reconciler.manifests.nodes import Document, Entry, Mapping, Scalar, Sequence, Value
from reconciler.manifests.scalars import WORDS, resolve
from reconciler.manifests.yaml import MAX_DEPTH, MAX_EVENTS, Part

_MOST_LINES = MAX_EVENTS // 8  # no line has more events: a list, a map, a key and an empty map
_WIDEST = MAX_DEPTH // 2 - 2  # columns; each may begin one list and one map
_ROOT_LEVEL = -1

_WORD = "|".join(map(re.escape, filter(None, WORDS)))
_STARTS = re.escape("".join(sorted({word[0] for word in WORDS if word})))
_SHORT = rf"[{_STARTS}][!-9;-~]{{0,4}}+"  # as all words are, and few texts
# What follows the first character of a plain scalar: no ": ", no " #", no space at the end.
_REST = r"[!-9;-~]*+(?:(?::(?=[!-~])|[ ]++(?=[!-~])(?!\#))[!-9;-~]*+)*+"
_START = re.compile(r"---[ ]*+\n")
_LINE = re.compile(
    rf"""
    ( (?P<indent>[ ]{{0,{_WIDEST}}}+(?:-[ ])?+)
    (?:                         # a key of a string's type; YAML allows 1024 characters
      (?!(?={_SHORT}:)(?:{_WORD}):)(?P<key>\.?[A-Za-z_][A-Za-z0-9._/-]{{0,999}}+):
      (?:[ ](?!\n)|(?=\n))
    )?+
    (?: (?!(?={_SHORT}\n)(?:{_WORD})\n)(?P<text>[A-Za-z/_<$(=;^]{_REST})\n
      | \n(?=(?P<deeper>[ ]{{1,{_WIDEST}}}+)[A-Za-z_.])?+
      | (?P<other>(?:[A-Za-z0-9+.~<=]|-(?=[!-~])){_REST}
          | "(?:[ !\#-\[\]-~]|\\["\\bfnrt])*+"
          | '(?:[ -&(-~]|'')*+'
          | \{{\}} | \[\]
        )\n
      | \|(?P<literal>-?\n(?P<margin>[ ]++)[!-~](?:[ -~]*[!-~])?\n
          (?:\n*+(?P=margin)[ -~]*[!-~]\n)*+
        )(?!\n*+(?P=margin))
    )
    | [ ]*+\#[ -~]*+\n          # a comment
    | (?P<strange>.+)           # to the end
    )
    """,
    re.VERBOSE | re.DOTALL,
)


def simple_document(part: Part, file: str, index: int) -> Document | None:
    """The document in `part`, if it is simple enough; ``None`` if the full reader must read it.

    `index` is the number of the document in `file`.
    """
    text = part.text
    if text.count("\n") > _MOST_LINES:
        return None
    start = _START.match(text)
    root = _tree(text, start.end() if start else 0)
    if root is None:
        return None
    begin = 0 if start else root.place
    return Document(file, index, part.first_line, text, root, {}, begin, len(text))


def _tree(text: str, offset: int) -> Mapping | Sequence | None:  # noqa: C901, PLR0911, PLR0912, PLR0915 - see below
    """The tree of `text` from `offset` on; ``None`` if there is anything unusual.

    A map in column c is at level c and a list at c + 0.5, since a list may stand in the column of
    its key. The root is treated as the value of a key at a level above all others. A key with
    nothing behind it stays open until the next line shows whether its value is a map, a list or
    null.

    One long loop, since there is a turn for each line of a manifest.
    """
    new = tuple.__new__
    items: Any = {}  # of the innermost map or list
    top, level = items, float(_ROOT_LEVEL)
    column: str | None = None  # the indentation of the innermost map's next key, where one may come
    width = 0
    around: list[tuple[float, Any]] = []
    opened: tuple[str, int] | None = ("", 0)  # a key without a value as yet, and its place
    for line, indent, key, plain, deeper, other, literal, margin, strange in matches(
        _LINE, text, offset
    ):
        start = offset
        offset += len(line)
        if indent == column and key:
            place = start + width
        elif not key and "-" not in indent:
            if indent or plain or other or literal or strange:
                return None
            continue
        else:
            width = len(indent)
            place = start + width
            dash = "-" in indent
            here = width - 1.5 if dash else width
            if opened is not None:
                name, name_place = opened
                opened = None
                if here > level:
                    inner: Any = [] if dash else {}
                    value: Any = (
                        Sequence(inner, place - 2) if dash else new(Mapping, (inner, place, ()))
                    )
                    items[name] = new(Entry, (name, name_place, value, value.place))
                    around.append((level, items))
                    items, level = inner, here
                else:
                    items[name] = _null(name, name_place)
            while here < level:
                level, items = around.pop()
            if here != level:
                return None
            column = indent
            if dash:
                if not key:
                    if not (plain or other):
                        return None
                    value = plain or _value(other, place)
                    whole = isinstance(value, Sequence | Mapping)
                    items.append(value if whole else Scalar(value, place))
                    column = None
                    continue
                inner = {}
                items.append(Mapping(inner, place))
                around.append((level, items))
                items, level, column = inner, width, " " * width
        if key in items:
            return None
        if plain:
            items[intern(key)] = new(Entry, (key, place, plain, None))
        elif other:
            value = _value(other, place + len(key) + 2)
            items[intern(key)] = new(Entry, (key, place, value, None))
        elif literal:
            if len(margin) <= width:
                return None
            items[intern(key)] = new(Entry, (key, place, _unindented(literal, margin), None))
        elif len(deeper) > width:
            around.append((level, items))
            level = width = len(deeper)
            inner = {}
            value = new(Mapping, (inner, offset + width, ()))
            items[intern(key)] = new(Entry, (key, place, value, offset + width))
            items, column = inner, deeper
        else:
            opened, column = (intern(key), place), None
    if opened is not None:
        if level == _ROOT_LEVEL:
            return None
        name, name_place = opened
        items[name] = _null(name, name_place)
    root: Mapping | Sequence = top[""].value
    return root


def _null(key: str, place: int) -> Entry:
    """The entry of a key without a value."""
    return Entry(key, place, None, place + len(key) + len(":"))


def _value(written: str, place: int) -> Value | Sequence | Mapping:
    """The value of a quoted scalar, an empty map or list, or a plain scalar."""
    if written[0] == '"':
        text: str = json.loads(written) if "\\" in written else written[1:-1]
        return text
    if written[0] == "'":
        return written[1:-1].replace("''", "'")
    if written == "{}":
        return Mapping({}, place)
    return Sequence([], place) if written == "[]" else resolve(written)


def _unindented(literal: str, indent: str) -> str:
    """The text of a literal block: ``literal`` is its head (``-`` or nothing) and its lines."""
    text = literal.replace(f"\n{indent}", "\n")
    return text[2:-1] if text[0] == "-" else text[1:]
