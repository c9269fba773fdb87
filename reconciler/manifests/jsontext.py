"""JSON text to trees (RFC 8259), duplicate keys and places kept.

libyaml reads most JSON, but not pairs of surrogate escapes or DEL, and it folds U+2028 in strings.
"""

from __future__ import annotations

import json
import re

from reconciler.manifests.nodes import (
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

_BLANK = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<word>true|false|null)"
    r"|(?P<sign>[\[\]{},:])"
)
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a pair, which no string may hold."""
WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
"""The words of JSON, and what they stand for."""
_LONGEST_INTEGER = 19


def compose_json(text: str, start: int, max_depth: int) -> list[tuple[Node, int, int]]:
    """The consecutive values in `text` from `start` on, each with its range.

    Raises:
        Malformed: the text is not JSON, or lists and maps are nested too deeply.
    """
    reader = _Reader(text, max_depth)
    trees = []
    position = reader.skip_blank(start)
    while position < len(text):
        node, end = reader.value(position, depth=0)
        trees.append((node, position, end))
        position = reader.skip_blank(end)
    return trees


class _Reader:
    def __init__(self, text: str, max_depth: int) -> None:
        self._text = text
        self._max_depth = max_depth

    def skip_blank(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        return match.end() if match else position

    def value(self, position: int, depth: int) -> tuple[Node, int]:
        """The value at `position`, and where it ends."""
        kind, lexeme, end = self._token(position)
        if kind == "string":
            return Scalar(self._string(lexeme, position), position), end
        if kind == "number":
            return Scalar(number(lexeme), position), end
        if kind == "word":
            return Scalar(WORDS[lexeme], position), end
        if lexeme not in "{[":
            raise self._malformed("a value is missing", position)
        if depth == self._max_depth:
            raise Malformed(
                "nesting-too-deep",
                f"lists and maps are nested more than {depth} deep",
                position,
            )
        if lexeme == "{":
            return self._map(position, end, depth + 1)
        return self._list(Sequence([], position), end, depth + 1)

    def _map(self, place: int, position: int, depth: int) -> tuple[Node, int]:
        entries: list[Entry] = []
        position = self.skip_blank(position)
        if self._text.startswith("}", position):
            return Mapping({}, place), position + 1
        while True:
            kind, lexeme, end = self._token(position)
            if kind != "string":
                raise self._malformed("a key in double quotes is missing", position)
            key, key_place = self._string(lexeme, position), position
            value, end = self.value(self._expect(":", end), depth)
            entries.append(Entry(key, key_place, bare(value), value.place))
            position, done = self._after(end, "}")
            if done:
                by_key = distinct(entries)
                if by_key is None:
                    return Mapping({}, place, entries), position
                return Mapping(by_key, place), position

    def _list(self, node: Sequence, position: int, depth: int) -> tuple[Node, int]:
        position = self.skip_blank(position)
        if self._text.startswith("]", position):
            return node, position + 1
        while True:
            value, end = self.value(position, depth)
            node.items.append(value)
            position, done = self._after(end, "]")
            if done:
                return node, position

    def _after(self, position: int, closing: str) -> tuple[int, bool]:
        """Step over the comma or the closing bracket that must come now."""
        position = self.skip_blank(position)
        if self._text.startswith(closing, position):
            return position + 1, True
        following = self._expect(",", position)
        if self._text.startswith(closing, following):
            raise self._malformed(f"there is a comma before {closing}", following)
        return following, False

    def _expect(self, sign: str, position: int) -> int:
        position = self.skip_blank(position)
        if not self._text.startswith(sign, position):
            raise self._malformed(f"{sign!r} is missing", position)
        return self.skip_blank(position + 1)

    def _token(self, position: int) -> tuple[str, str, int]:
        match = _TOKEN.match(self._text, position)
        if match is None:
            raise self._malformed("a value is missing, or not written as in JSON", position)
        return str(match.lastgroup), match[0], match.end()

    def _string(self, token: str, position: int) -> str:
        if "\\" not in token and token.isascii():
            return token[1:-1]
        try:
            text: str = json.loads(token)
        except ValueError:
            raise self._malformed("the string holds an unknown escape", position) from None
        if SURROGATE.search(text):
            raise self._malformed("the string holds half of a surrogate pair", position)
        return text

    def _malformed(self, what: str, position: int) -> Malformed:
        return Malformed("json-invalid", f"this is not valid JSON: {what}", position)


def number(token: str) -> int | float:
    """What a number of JSON stands for; one of many digits is a float, as in Go."""
    if len(token) <= _LONGEST_INTEGER and token.lstrip("-").isdigit():
        return int(token)
    return float(token)
