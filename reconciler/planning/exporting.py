"""Live objects as the manifests that would have made them."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.documents import Document
from reconciler.model.fields import ANNOTATIONS, METADATA, OWNERS, flatten, unflatten
from reconciler.model.lifecycle import VERSION_OF
from reconciler.model.objects import Live, ObjectKey
from reconciler.model.values import MASK
from reconciler.planning.masking import telling_texts
from reconciler.planning.naming import newest, origin
from reconciler.planning.owners import former_path


def exported_keys(objects: Mapping[ObjectKey, Live], set_name: str) -> list[ObjectKey]:
    """The objects of the set, sorted; of several versions, the newest."""
    families: dict[ObjectKey, list[Live]] = {}
    for live in objects.values():
        if live.applied is not None and live.applied.set_name == set_name:
            families.setdefault(origin(live), []).append(live)
    return sorted(newest(family).key for family in families.values())


def manifest_of(live: Live, *, reveal: bool) -> Document:
    """A manifest whose plan is empty: of an object of a set, just the fields that the set owns.

    A version has the name of the manifest that it was made from.

    Values are wrapped, as everywhere. Without `reveal`, a placeholder stands in place of
    labels and annotations that may hold a value.
    """
    fields = flatten(live)
    if not reveal:
        fields |= dict.fromkeys(telling_texts(fields, fields), MASK)
    if live.applied is not None:
        record = live.applied.fields
        fields = {
            path: leaf
            for path, leaf in fields.items()
            if path in record or (path[1:2] == (OWNERS,) and former_path(leaf) in record)
        }
    fields.pop((METADATA, ANNOTATIONS, VERSION_OF), None)
    document = unflatten(fields)
    metadata = {"name": origin(live).name}
    if live.namespace:
        metadata["namespace"] = live.namespace
    return {
        "apiVersion": "v1",
        "kind": live.kind,
        **document,
        "metadata": metadata | document["metadata"],
    }
