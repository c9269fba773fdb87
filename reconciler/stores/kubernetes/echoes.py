"""Answers to creates that are what was sent: comparing is quicker than decoding them once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.objects import SECRET, Applied, Live, Resource

_CONTENT = ("data", "type", "immutable")
_METADATA = ("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences")


def echoed(
    answer: Mapping[str, Any], sent: Mapping[str, Any], resource: Resource, applied: Applied | None
) -> Live | None:
    """The Secret in `answer` where it is `resource`, `applied`, as it was `sent`; else ``None``."""
    if resource.kind != SECRET:
        return None
    metadata, given = answer["metadata"], sent["metadata"]
    for name in _CONTENT:
        if answer.get(name) != sent.get(name):
            return None
    for name in _METADATA:
        if metadata.get(name) != given.get(name):
            return None
    return Live.of(
        resource,
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),  # a dry run has none
        created=metadata.get("creationTimestamp") or "",
        applied=applied,
    )
