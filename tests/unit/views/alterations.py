"""Documents in which something else stands than what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    10**30,
    1e300,
    "",
    "x\x1b[2J\n::error::x",
    "9" * 5000,
    [],
    [[]],
    {},
    {"$value": 1},
    {"$other": 1},
    {"$value": None, "sealed": True, "more": 1},
    {"\u202e" * 300: {"a": [1, {}]}},
]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each part of a document, objects and lists included."""
    yield path
    names: Any = range(len(node)) if isinstance(node, list) else ()
    for name in node if isinstance(node, dict) else names:
        yield from places(node[name], (*path, name))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


def altered(document: Any, path: tuple[Any, ...], content: Any) -> Any:
    if not path:
        return content
    document = json.loads(json.dumps(document))
    at(document, path[:-1])[path[-1]] = content
    return document
