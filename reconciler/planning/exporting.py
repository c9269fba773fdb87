"""Live objects as the manifests that would have made them."""

from __future__ import annotations

from reconciler.model.documents import Document
from reconciler.model.objects import Live
from reconciler.model.values import MASK
from reconciler.planning.fields import flatten, unflatten
from reconciler.planning.masking import telling_texts


def manifest_of(live: Live, *, reveal: bool) -> Document:
    """A manifest whose plan is empty: of an object of a set, just the fields that the set owns.

    Values are wrapped, as everywhere. Unless `reveal` is asked for, a mark stands in place of
    labels and annotations that may hold one.
    """
    fields = flatten(live)
    if not reveal:
        fields |= dict.fromkeys(telling_texts(fields), MASK)
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
