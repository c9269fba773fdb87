"""Live objects as the manifests that would have made them."""

from __future__ import annotations

from reconciler.model.documents import Document
from reconciler.model.objects import Live
from reconciler.planning.fields import flatten, unflatten


def manifest_of(live: Live) -> Document:
    """A manifest whose plan is empty: of an object of a set, just the fields that the set owns.

    Values are wrapped, as everywhere.
    """
    fields = flatten(live)
    if live.applied is not None:
        fields = {path: leaf for path, leaf in fields.items() if path in live.applied.fields}
    document = unflatten(fields)
    metadata = {"name": live.name}
    if live.namespace:
        metadata["namespace"] = live.namespace
    return {
        "apiVersion": "v1",
        "kind": live.kind,
        **document,
        "metadata": metadata | document["metadata"],
    }
