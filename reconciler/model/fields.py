"""An object as flat fields, which is how ownership is told and how differences are found.

A field's path is where it stands in the object's document; entries of lists that are sets by
nature (finalizers, owner references) are fields of their own, named by what identifies them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.model.documents import Document, owner_document
from reconciler.model.lifecycle import VERSION_OF
from reconciler.model.objects import SECRET, ObjectKey, OwnerReference, Resource
from reconciler.model.plans import FieldPath
from reconciler.model.values import SecretValue, UidOf

Leaf = Any
"""A `SecretValue` under ``data``, JSON elsewhere; an owner's ``uid`` may be a `UidOf`."""

Fields = dict[FieldPath, Leaf]

TYPE: FieldPath = ("type",)
IMMUTABLE: FieldPath = ("immutable",)
DATA = "data"
METADATA = "metadata"
LABELS = "labels"
ANNOTATIONS = "annotations"
FINALIZERS = "finalizers"
OWNERS = "ownerReferences"


class _Paths(dict[str, FieldPath]):
    """The paths of a group's entries by their names, which are the same in many objects.

    To make each path once takes less memory, and it is sooner found that two are the same.
    """

    def __init__(self, *group: str) -> None:
        super().__init__()
        self._group = group

    def __missing__(self, name: str) -> FieldPath:
        if len(self) >= _REMEMBERED:
            self.clear()
        path = self[name] = (*self._group, name)
        return path


_REMEMBERED = 4096
_DATA_PATHS = _Paths(DATA)
_ANNOTATION_PATHS = _Paths(METADATA, ANNOTATIONS)
_LABEL_PATHS = _Paths(METADATA, LABELS)


def flatten(resource: Resource) -> Fields:
    """The fields of `resource`; absent and empty ones have no entry.

    They come nearly in the order of their paths, so that sorting them takes little.
    """
    fields: Fields = {}
    for name, value in resource.data.items():
        fields[_DATA_PATHS[name]] = value
    if resource.immutable:
        fields[IMMUTABLE] = True
    for name, text in resource.annotations.items():
        fields[_ANNOTATION_PATHS[name]] = text
    for name in resource.finalizers:
        fields[METADATA, FINALIZERS, name] = name
    for name, text in resource.labels.items():
        fields[_LABEL_PATHS[name]] = text
    for owner in resource.owners:
        fields[METADATA, OWNERS, f"{owner.kind}/{owner.name}"] = owner_document(owner)
    for name, setting in resource.settings.items():
        fields[name,] = setting
    if resource.key.kind == SECRET:
        fields[TYPE] = resource.type
    return fields


def version_mark(key: ObjectKey, resource: Resource) -> Fields:
    """What the object at `key` has besides, where it is a version of what the manifest names."""
    if key == resource.key or not resource.name:
        return {}
    return {(METADATA, ANNOTATIONS, VERSION_OF): resource.name}


def unflatten(fields: Mapping[FieldPath, Leaf]) -> Document:
    """The document of `fields`: the reverse of `flatten`, as `to_document` would form it."""
    metadata: Document = {}
    document: Document = {METADATA: metadata}
    for path, leaf in fields.items():
        match path:
            case (_, "finalizers" | "ownerReferences" as group, _):
                metadata.setdefault(group, []).append(leaf)
            case (_, group, name):
                metadata.setdefault(group, {})[name] = leaf
            case ("data", name):
                document.setdefault(DATA, {})[name] = leaf
            case (name,):
                document[name] = leaf
    return document


def field_of(path: FieldPath) -> FieldPath:
    """The field that `path` leads into, or names."""
    return path[: {METADATA: 3, DATA: 2}.get(path[0], 1)]


def leaf_text(leaf: Leaf) -> SecretValue | str:
    """What of a leaf its fingerprint is taken from; an owner's uid, which may change, is not."""
    if isinstance(leaf, (SecretValue, str)):
        return leaf
    if isinstance(leaf, dict) and "uid" in leaf:
        leaf = {name: value for name, value in leaf.items() if name != "uid"}
    return json.dumps(leaf, sort_keys=True)


def owner_key(owner: OwnerReference, namespace: str) -> ObjectKey:
    """The key of `owner`, which is in the dependent's namespace or, a Namespace, in none."""
    return ObjectKey(owner.kind, "" if owner.kind == "Namespace" else namespace, owner.name)


def with_owner_uids(fields: Fields, uids: Mapping[ObjectKey, str | UidOf], namespace: str) -> None:
    """Put the real uids of owners into `fields`, for those that `uids` knows."""
    for path, leaf in fields.items():
        if path[:2] == (METADATA, OWNERS):
            owner = ObjectKey(
                leaf["kind"], "" if leaf["kind"] == "Namespace" else namespace, leaf["name"]
            )
            if owner in uids:
                leaf["uid"] = uids[owner]
