"""The quick reader of JSON: trees of texts in which everything is as most programs write it.

`reconciler.manifests.jsontext` reads all other texts, and defines what is right and what is said of
an error: tests hold that both readers make the same trees wherever this one makes any at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from sys import intern
from typing import Any

from reconciler.manifests.jsontext import SURROGATE, WORDS, number
from reconciler.manifests.matching import matches
from reconciler.manifests.nodes import Entry, Mapping, Node, Scalar, Sequence, Value

_STEP = re.compile(
    r"""
    ( (?P<blank>[ \t\r\n]*+)
    (?: "(?P<key>[ !\#-\[\]-~]*+)"(?P<colon>[ \t\r\n]*+:[ \t\r\n]*+) )?+
    (?: (?P<opening>[{\[])
      | (?: "(?P<text>[ !\#-\[\]-~]*+)"
          | (?P<closing>[}\]])
          | (?P<other>true|false|null
              | "(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+"
              | -?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+ )
        ) (?:[ \t\r\n]*+(?P<comma>,))?+
    )
    | (?P<strange>.+)           # to the end
    )
    """,
    re.VERBOSE | re.DOTALL,
)
# What may come: after a bracket, after a comma, or after a value without one.
_ANYTHING, _VALUE, _CLOSING = range(3)


def quick_json(text: str, start: int, max_depth: int) -> list[tuple[Node, int, int]] | None:
    """The consecutive maps and lists in `text` from `start` on, each with its range.

    ``None`` if there is anything unusual: an error, a duplicate key, an odd key, or no such value.
    """
    steps = matches(_STEP, text, start)
    try:
        return _trees(steps, start, max_depth)
    except ValueError:  # a wrong escape
        return None


def _trees(  # noqa: C901, PLR0911, PLR0912 - a turn for each value, as in `simple`
    steps: Iterable[tuple[str, ...]], offset: int, max_depth: int
) -> list[tuple[Node, int, int]] | None:
    new = tuple.__new__
    trees: list[tuple[Node, int, int]] = []
    items: Any = []  # of the innermost map or list
    around: list[Any] = []
    in_map = False
    state = _VALUE
    for step, blank, key, colon, opening, text, closing, other, comma, strange in steps:
        place = offset + len(blank)
        if closing:
            if state == _VALUE or colon or not around or (closing == "}") is not in_map:
                return None
            items = around.pop()
            in_map = type(items) is dict
            if not around:
                if comma:
                    return None
                root = items.pop()
                trees.append((root, root.place, place + 1))
        elif strange:
            return trees if not around and not strange.strip(" \t\r\n") else None
        elif state == _CLOSING or bool(colon) is not in_map:
            return None
        else:
            written_at = place + len(key) + len('""') + len(colon) if colon else place
            if opening:
                if len(around) == max_depth:
                    return None
                inner: Any = {} if opening == "{" else []
                value: Any = (
                    new(Mapping, (inner, written_at, ()))
                    if opening == "{"
                    else Sequence(inner, written_at)
                )
            elif around:
                value = _value(other) if other else text
            else:
                return None
            if in_map:
                if key in items:
                    return None
                items[intern(key)] = new(Entry, (key, place, value, written_at))
            else:
                items.append(value if opening else Scalar(value, place))
            if opening:
                around.append(items)
                items, in_map = inner, opening == "{"
                offset += len(step)
                state = _ANYTHING
                continue
        offset += len(step)
        state = _VALUE if comma or not around else _CLOSING
    return None if around else trees


def _value(token: str) -> Value:
    """What a word, a number or a string with escapes stands for.

    Raises:
        ValueError: there is no such escape, or it is half of a pair.
    """
    if token[0] != '"':
        return WORDS[token] if token in WORDS else number(token)
    text: str = json.loads(token)
    if SURROGATE.search(text):
        raise ValueError
    return text
