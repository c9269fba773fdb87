"""What an answer tells of an object: whether it is what a plan saw, or what a lost write made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.errors import ObjectMoved
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Precondition
from reconciler.stores.kubernetes.connection import Answer

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


def moved(
    key: ObjectKey, document: Mapping[str, Any], precondition: Precondition
) -> ObjectMoved | None:
    """The error where the object is no longer the one that a plan saw; else ``None``."""
    metadata = document["metadata"]
    if not is_same(document, precondition):
        return ObjectMoved(f"{key} was deleted and created again since it was read")
    if metadata["resourceVersion"] != precondition.resource_version:
        return ObjectMoved(
            f"{key} was changed since it was read: its resource version is "
            f"{metadata['resourceVersion']} and not {precondition.resource_version}"
        )
    return None


def is_same(document: Mapping[str, Any], precondition: Precondition) -> bool:
    """Whether it is the object that a plan saw, changed or not."""
    return bool(document["metadata"]["uid"] == precondition.uid)


def deleted(answer: Answer) -> Any:
    """The object whose deletion goes on; what is gone at once is answered by a Status."""
    document = answer.json()
    return {} if document.get("kind") == "Status" else document


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
