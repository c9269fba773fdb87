"""An object as flat fields, the form in which objects are compared and owned.

The path of a field is its place in the object's document. Entries of lists that are really sets
(finalizers, owner references) are fields of their own, named by what identifies them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.documents import Document, owner_document
from reconciler.model.lifecycle import VERSION_OF
from reconciler.model.objects import NAMESPACE, SECRET, ObjectKey, OwnerReference, Resource
from reconciler.model.plans import UNBORN, FieldPath
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
    """The paths of a group's entries by name; many objects have the same ones.

    Making each path only once saves memory, and identical paths compare faster.
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

    They are nearly in the order of their paths, which makes sorting them cheap.
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
    if resource.owners:
        fields |= owner_fields(map(owner_document, resource.owners))
    for name, setting in resource.settings.items():
        fields[name,] = setting
    if resource.key.kind == SECRET:
        fields[TYPE] = resource.type
    return fields


def version_annotation(name: str) -> Fields:
    """The annotation of a version of `name`; none where that is empty."""
    return {(METADATA, ANNOTATIONS, VERSION_OF): name} if name else {}


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
    return path[: _length(path)]


def is_field(path: FieldPath) -> bool:
    """Whether `path` names a field, neither a group of them nor a part of one."""
    return bool(path) and len(path) == _length(path)


def _length(path: FieldPath) -> int:
    return {METADATA: 3, DATA: 2}.get(path[0], 1)


def leaf_text(leaf: Leaf) -> SecretValue | str:
    """The part of a leaf that its fingerprint covers: all but an owner's uid, which may change."""
    if isinstance(leaf, (SecretValue, str)):
        return leaf
    if isinstance(leaf, dict) and "uid" in leaf:
        leaf = {name: value for name, value in leaf.items() if name != "uid"}
    return json.dumps(leaf, sort_keys=True)


def owner_fields(owners: Iterable[Document]) -> Fields:
    """The fields of owner references: ``KIND.GROUP/NAME/UID``, as a server identifies them.

    A uid that is not known yet is `UNBORN`. If references to the same owner differ in something
    else, those after the first are numbered, so that none is lost. A repeated one is dropped, as
    by a server (k8s.io/apiserver pkg/endpoints/handlers, dedupOwnerReferences).
    """
    fields: Fields = {}
    repeated: dict[str, set[tuple[Any, ...]]] = {}
    for owner in owners:
        uid = UNBORN if isinstance(owner["uid"], UidOf) else owner["uid"]
        kind = _qualified(owner["apiVersion"], owner["kind"])
        name = f"{kind}/{owner['name']}/{uid}"
        others = repeated.setdefault(name, set())
        content = tuple(owner.items())
        if content in others:
            continue
        others.add(content)
        number, path = len(others), (METADATA, OWNERS, name)
        while path in fields:
            path = (METADATA, OWNERS, f"{name}/{number}")
            number += 1
        fields[path] = owner
    return fields


def owner_key(owner: OwnerReference, namespace: str) -> ObjectKey:
    """The key of `owner`, which is in the dependent's namespace, or is a Namespace.

    The kind in another API group is ``KIND.GROUP``, so that it is not a kind of any store.
    """
    kind = _qualified(owner.api_version, owner.kind)
    return ObjectKey(kind, "" if kind == NAMESPACE else namespace, owner.name)


def _qualified(api_version: str, kind: str) -> str:
    group, _, _ = api_version.rpartition("/")
    return f"{kind}.{group}" if group else kind
