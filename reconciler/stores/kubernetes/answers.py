"""Whether an object is what a write of our own has made of it, where its answer was lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_NOTHING = object()


def holds(document: Mapping[str, Any], steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether `document` is as if the patch `steps` had been applied to it just now."""
    return all(_holds(document, step) for step in steps if not _is_precondition(step))


def contains(document: Any, sent: Any) -> bool:
    """Whether everything that was sent is in `document`, which may hold more."""
    if isinstance(sent, Mapping):
        return isinstance(document, Mapping) and all(
            contains(document.get(name, _NOTHING), part) for name, part in sent.items()
        )
    return bool(document == sent)


def _is_precondition(step: Mapping[str, Any]) -> bool:
    return bool(step["op"] == "test" or step["path"] == "/metadata/resourceVersion")


def _holds(document: Mapping[str, Any], step: Mapping[str, Any]) -> bool:
    found = _at(document, step["path"])
    if step["op"] == "remove":
        return found is _NOTHING
    return contains(found, step["value"])


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        document = document.get(name, _NOTHING) if isinstance(document, Mapping) else _NOTHING
    return document
