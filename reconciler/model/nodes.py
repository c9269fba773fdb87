"""Strict access to a JSON document that anybody may have written.

Every access says what is expected, and raises `Misfit` with the place where something else stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import Any, TypeVar

import orjson

MAX_DEPTH = 150
"""How deeply lists and objects may be nested: manifests are at most 100 deep."""

MOST_PARTS = 16_000_000
"""How many commas and opening brackets a document may have: 200,000 changes of a plan have them."""

_LONGEST_NAME = 60
_ABSENT = object()

Read = TypeVar("Read")
Word = TypeVar("Word", bound=StrEnum)


class Misfit(Exception):
    """A document is not of its format; ``place`` is a path such as ``changes[3].key``.

    ``message`` quotes no more of the document than the names of its members.
    """

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.place = place
        self.message = message


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a document, and its place.

    Each method returns the content as the type that it names, and raises `Misfit` otherwise.
    """

    content: Any = field(repr=False)
    place: str = ""

    def record(self, *names: str, optional: Iterable[str] = ()) -> Mapping[str, Node]:
        """The members of an object that has `names`, and none besides but `optional` ones."""
        content = self._checked(dict, "an object")
        missing = [name for name in names if name not in content]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            raise self.misfit(f"{', '.join(missing)} {verb} missing")
        unknown = sorted(content.keys() - {*names, *optional})
        if unknown:
            raise self.misfit(f"{shortened(unknown[0])} is not known")
        prefix = f"{self.place}." if self.place else ""
        return {name: Node(content[name], f"{prefix}{name}") for name in content}

    def items(self, read: Callable[[Node], Read]) -> tuple[Read, ...]:
        """The elements of a list, each as `read` reads it."""
        content = self._checked(list, "a list")
        return tuple(
            read(Node(child, f"{self.place}[{index}]")) for index, child in enumerate(content)
        )

    def optional(self, read: Callable[[Node], Read]) -> Read | None:
        """Null, or what `read` reads."""
        return None if self.content is None else read(self)

    def text(self) -> str:
        """A string."""
        content: str = self._checked(str, "a string")
        return content

    def flag(self) -> bool:
        """True or false."""
        content: bool = self._checked(bool, "true or false")
        return content

    def count(self) -> int:
        """A whole number that is not negative."""
        if not isinstance(self.content, int) or isinstance(self.content, bool) or self.content < 0:
            raise self.misfit("a whole number that is not negative is expected")
        return self.content

    def word(self, words: type[Word]) -> Word:
        """One of a few words."""
        text = self.text()
        if text not in {word.value for word in words}:
            raise self.misfit(f"one of {', '.join(words)} is expected")
        return words(text)

    def misfit(self, message: str) -> Misfit:
        """What is wrong with this part."""
        return Misfit(self.place, message)

    def _checked(self, shape: type[Any], expected: str) -> Any:
        if not isinstance(self.content, shape):
            raise self.misfit(f"{expected} is expected")
        return self.content


def parsed(content: bytes, most_parts: int = MOST_PARTS) -> Any:
    """The JSON document in `content`, which may have `most_parts`.

    Lists and objects take up to thirty times the memory of their two bytes, and are made before
    anything can be said about them. So their number is bounded first, by what they cannot do
    without; those in strings count too.

    Raises:
        Misfit: it is no JSON, or has too many parts.
    """
    if sum(map(content.count, (b",", b"[", b"{"))) > most_parts:
        raise Misfit("", f"this has more than {most_parts:,} values")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Misfit(f"line {error.lineno}, column {error.colno}", "this is not JSON") from None


def check_depth(document: Any) -> None:
    """Make sure that `document` can be read by functions that call themselves.

    Raises:
        Misfit: it is nested more deeply than `MAX_DEPTH`.
    """
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise Misfit("", f"lists and objects are nested more than {MAX_DEPTH} deep")


def check_same(expected: Any, document: Any, place: str = "") -> None:
    """Make sure that `document` says what `expected` says.

    Raises:
        Misfit: with the first place where it does not.
    """
    absent = expected is _ABSENT or document is _ABSENT
    if not absent and _canonical(expected) == _canonical(document):
        return
    if isinstance(expected, dict) and isinstance(document, dict):
        for name, child in expected.items():
            inside = f"{place}.{name}" if place else name
            check_same(child, document.get(name, _ABSENT), inside)
        (unknown, *_) = sorted(document.keys() - expected.keys())
        raise Misfit(place, f"{shortened(unknown)} is not known")
    if isinstance(expected, list) and isinstance(document, list):
        for index, pair in enumerate(zip_longest(expected, document, fillvalue=_ABSENT)):
            check_same(*pair, f"{place}[{index}]")
    raise Misfit(place, "this contradicts the rest")


def shortened(text: str) -> str:
    """`text` itself, or its beginning where it is no name of ours."""
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def _canonical(node: Any) -> bytes:
    """`node` as bytes: to Python, 1 and true are equal."""
    return orjson.dumps(node, option=orjson.OPT_SORT_KEYS)


def _children(node: Any) -> Iterable[Any]:
    match node:
        case dict():
            return node.values()
        case list():
            return node
        case _:
            return ()
