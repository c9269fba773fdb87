"""Live objects as the manifests that would have made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.documents import Document
from reconciler.model.fields import ANNOTATIONS, DATA, METADATA, OWNERS, flatten, unflatten
from reconciler.model.lifecycle import VERSION_OF, lifecycle
from reconciler.model.objects import Live, ObjectKey
from reconciler.model.plans import FieldPath
from reconciler.model.values import MASK
from reconciler.planning.masking import telling_texts
from reconciler.planning.naming import newest, origin
from reconciler.planning.owners import former_path
from reconciler.planning.scrubbing import COPYING_ANNOTATIONS

_ACCOUNT_UID = "kubernetes.io/service-account.uid"


def exported_keys(objects: Mapping[ObjectKey, Live], set_name: str) -> list[ObjectKey]:
    """The objects of the set, sorted; of several versions, the newest."""
    families: dict[ObjectKey, list[Live]] = {}
    for live in objects.values():
        if live.applied is not None and live.applied.set_name == set_name:
            families.setdefault(origin(live), []).append(live)
    return sorted(newest(family).key for family in families.values())


def manifest_of(live: Live, *, reveal: bool, all_keys: bool = False) -> Document:
    """A manifest whose plan is empty: of an object of a set, just the fields that the set owns.

    With `all_keys`, it has the keys of data besides that others added and the set does not ignore.

    A version has the name of the manifest that it was made from. Of an object of no set, all is
    written but what a server or another tool writes by itself.

    What is generated is left to its annotation. Values are wrapped, as everywhere. Without
    `reveal`, a placeholder stands in place of labels and annotations that may hold a value.
    """
    fields = flatten(live)
    if not reveal:
        fields |= dict.fromkeys(telling_texts(fields, fields), MASK)
    if live.applied is not None:
        record = live.applied.fields
        fields = {
            path: leaf
            for path, leaf in fields.items()
            if path in record
            or (path[1:2] == (OWNERS,) and former_path(leaf) in record)
            or (all_keys and path[0] == DATA and not lifecycle(live).ignores(path[1]))
        }
    else:
        fields = {path: leaf for path, leaf in fields.items() if not _is_written_anew(path, live)}
    fields.pop((METADATA, ANNOTATIONS, VERSION_OF), None)
    generates = lifecycle(live).generates
    fields = {
        path: leaf for path, leaf in fields.items() if path[0] != DATA or not generates(path[1])
    }
    document = unflatten(fields)
    metadata = {"name": live.name if live.applied is None else origin(live).name}
    if live.namespace:
        metadata["namespace"] = live.namespace
    return {
        "apiVersion": "v1",
        "kind": live.kind,
        **document,
        "metadata": metadata | document["metadata"],
    }


def _is_written_anew(path: FieldPath, live: Live) -> bool:
    """Whether a server or another tool writes that field of an object of no set by itself."""
    if path[0] == DATA:
        return lifecycle(replace(live, annotations={})).ignores(path[1])
    return path[:2] == (METADATA, ANNOTATIONS) and path[2] in {*COPYING_ANNOTATIONS, _ACCOUNT_UID}
