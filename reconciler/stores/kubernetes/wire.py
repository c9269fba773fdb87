"""Converts objects between the API of Kubernetes and the model.

A member of a set carries its label (KEP-3659) and an annotation with the record of what was
applied; both are the tool's own, and the model does not show them as labels and annotations.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from reconciler.model.documents import owner_document, to_document
from reconciler.model.objects import (
    SECRET,
    SERVICE_ACCOUNT,
    Applied,
    Bystander,
    Live,
    ObjectKey,
    OwnerReference,
    Resource,
)
from reconciler.model.patches import Operation, to_json
from reconciler.model.plans import Precondition
from reconciler.model.values import SecretValue
from reconciler.stores.kubernetes.connection import MANAGER

PART_OF = "applyset.kubernetes.io/part-of"
SET_ID = "applyset.kubernetes.io/id"
COPY_OF_SET = "reconciler/copy-of-set"
RECORD = "reconciler/applied"
_OWN_LABELS = frozenset({PART_OF, "kubernetes.io/metadata.name"})
_NOT_SETTINGS = frozenset({"apiVersion", "kind", "metadata"})
_OWN = _OWN_LABELS | {RECORD}
_MAPS = ("annotations", "labels")
_MAP_PATHS = {f"/metadata/{group}": group for group in _MAPS}
_CACHED_PATHS = 4096
_PATH_PARTS = {"metadata": 3, "data": 2}


def live(document: Mapping[str, Any], kind: str) -> Live:
    """The object of `kind` in an answer or in an item of a list."""
    metadata = document["metadata"]
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    owners = metadata.get("ownerReferences")
    data = document.get("data") if kind == SECRET else None
    return Live(
        key=ObjectKey(kind, metadata.get("namespace", ""), metadata["name"]),
        generate_name=metadata.get("generateName", ""),
        labels={name: text for name, text in labels.items() if name not in _OWN_LABELS},
        annotations={name: text for name, text in annotations.items() if name != RECORD},
        finalizers=tuple(metadata.get("finalizers") or ()),
        owners=tuple(map(_owner, owners)) if owners else (),
        type=document.get("type", "") if kind == SECRET else "",
        immutable=kind == SECRET and document.get("immutable") is True,
        data={
            name: SecretValue(binascii.a2b_base64(value) if value else b"")
            for name, value in data.items()
        }
        if data
        else {},
        settings={name: part for name, part in document.items() if name not in _NOT_SETTINGS}
        if kind == SERVICE_ACCOUNT
        else {},
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),  # a dry run has none
        created=metadata.get("creationTimestamp") or "",
        applied=_applied(labels, annotations),
        managers=_managers(metadata.get("managedFields") or ()),
    )


def preconditions(seen: Precondition) -> list[dict[str, Any]]:
    """The head of a JSON Patch, which fails where the object is not the one that was read."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": seen.uid},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": seen.resource_version},
    ]


def removes_map(operations: Iterable[Operation]) -> bool:
    """Whether a patch removes all labels or annotations that the plan contains."""
    return any(
        operation.op == "remove" and operation.path in _MAP_PATHS for operation in operations
    )


def maps_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of the maps ``annotations`` and ``labels`` an object has."""
    metadata = document["metadata"]
    return tuple(group for group in _MAPS if metadata.get(group))


def names_in_maps(document: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The names in the maps ``annotations`` and ``labels`` of an object, where it has them."""
    metadata = document["metadata"]
    return {group: frozenset(metadata[group]) for group in _MAPS if metadata.get(group)}


def bystander(document: Mapping[str, Any], kind: str) -> Bystander:
    """A bystander, from the metadata of an object."""
    metadata = document["metadata"]
    labels = metadata.get("labels") or {}
    applied = _applied(labels, metadata.get("annotations") or {})
    # What a set keeps for itself is no member, and not unmanaged either.
    keeper = labels.get(SET_ID) or labels.get(COPY_OF_SET)
    return Bystander(
        key=ObjectKey(kind, metadata.get("namespace", ""), metadata["name"]),
        uid=metadata["uid"],
        owner_uids=tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ()),
        set_name=keeper if applied is None else applied.set_name,
    )


def without_record(live: Live) -> Bystander:
    """A bystander whose label was copied from another object, and so has no owner."""
    return Bystander(live.key, live.uid, tuple(owner.uid for owner in live.owners))


def body(resource: Resource, applied: Applied | None, set_id: str) -> dict[str, Any]:
    """`resource` as it is sent to be created; never with ``stringData``."""
    document = to_document(resource)
    metadata = document["metadata"]
    metadata["name"] = resource.name
    if resource.generate_name:
        metadata["generateName"] = resource.generate_name
    if resource.namespace:
        metadata["namespace"] = resource.namespace
    if applied is not None:
        metadata.setdefault("labels", {})[PART_OF] = set_id
        metadata.setdefault("annotations", {})[RECORD] = record(applied)
    if "data" in document:
        document["data"] = {
            name: binascii.b2a_base64(value.reveal(), newline=False).decode()
            for name, value in resource.data.items()
        }
    return {"apiVersion": "v1", "kind": resource.kind, **document}


def patch(
    operations: Iterable[Operation],
    applied: Applied | None,
    set_id: str,
    precondition: Precondition,
    metadata: Mapping[str, Iterable[str]],
) -> list[dict[str, Any]]:
    """A plan's patch as the server takes it, with the preconditions first.

    `metadata` has the names in ``labels`` and ``annotations`` of the live object, where it has
    them. The plan does not know of the tool's own label and annotation, so where it adds or
    removes a whole map, the entries are added or removed one by one. Without `applied`, label and
    annotation go.
    """
    steps = preconditions(precondition)
    steps += [
        {"op": "add", "path": f"/metadata/{group}", "value": {}}
        for group in _MAPS
        if group not in metadata
    ]
    for operation in operations:
        steps += _steps(operation, metadata)
    text = "" if applied is None else record(applied)
    own = {_pointer("labels", PART_OF): set_id, _pointer("annotations", RECORD): text}
    steps += [{"op": "add", "path": path, "value": value} for path, value in own.items()]
    if applied is None:  # what was added just now is there to be removed, whoever took it away
        steps += [{"op": "remove", "path": path} for path in own]
    return steps


def moved_to(document: Mapping[str, Any], set_name: str, set_id: str) -> Mapping[str, Any]:
    """An object as a member of that set, with the record of the set that it is a member of.

    What is a member of none, or of that set already, is as it was.
    """
    metadata = document["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    applied = _applied(labels, annotations)
    if applied is None or labels[PART_OF] == set_id:
        return document
    text = record(replace(applied, set_name=set_name))
    marked = {"labels": {**labels, PART_OF: set_id}, "annotations": {**annotations, RECORD: text}}
    return {**document, "metadata": {**metadata, **marked}}


def values_in(node: Any) -> Iterator[SecretValue]:
    """The values in a document or in a patch's operations."""
    if isinstance(node, SecretValue):
        yield node
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from values_in(child)
    elif isinstance(node, Operation):
        yield from values_in(node.value)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from values_in(child)


def record(applied: Applied) -> str:
    """The record of what was applied, as the annotation has it."""
    fields = {_text(path): fingerprint for path, fingerprint in applied.fields.items()}
    document = {"set": applied.set_name, "fields": fields}
    if applied.ciphertexts:
        document["ciphertexts"] = {
            _text(path): digest for path, digest in applied.ciphertexts.items()
        }
    return orjson.dumps(document).decode()


def read_record(text: str) -> Applied | None:
    """The record in `text`; ``None`` where `record` did not write it."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    name, fields = document.get("set"), document.get("fields")
    if not isinstance(name, str) or not isinstance(fields, dict):
        return None
    return Applied(
        set_name=name, fields=_by_path(fields), ciphertexts=_by_path(document.get("ciphertexts"))
    )


def _by_path(texts: Any) -> dict[tuple[str, ...], str]:
    items = texts.items() if isinstance(texts, dict) else ()
    return {_path(path): text for path, text in items if isinstance(text, str)}


def _applied(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Applied | None:
    """What was applied. The label makes an object a member; its record may be missing."""
    set_id = labels.get(PART_OF)
    if set_id is None:
        return None
    text = annotations.get(RECORD)
    applied = None if text is None else read_record(text)
    return applied or Applied(set_name=set_id)


_text = lru_cache(_CACHED_PATHS)("/".join)  # objects have the same few paths


@lru_cache(maxsize=_CACHED_PATHS)
def _path(text: str) -> tuple[str, ...]:
    first, _, _ = text.partition("/")
    return tuple(text.split("/", _PATH_PARTS.get(first, 1) - 1))


def _owner(owner: Mapping[str, Any]) -> OwnerReference:
    return OwnerReference(
        api_version=owner["apiVersion"],
        kind=owner["kind"],
        name=owner["name"],
        uid=owner["uid"],
        controller=owner.get("controller"),
        block_owner_deletion=owner.get("blockOwnerDeletion"),
    )


def _managers(entries: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], str]:
    """The fields that another program wrote last (API reference: ManagedFieldsEntry v1 meta)."""
    managers: dict[tuple[str, ...], str] = {}
    others = [entry for entry in entries if entry.get("manager") != MANAGER]
    for entry in sorted(others, key=lambda entry: entry.get("time") or ""):
        fields = entry.get("fieldsV1") or {}
        for path in _managed(fields):
            managers[path] = str(entry.get("manager") or "unknown")
    return managers


def _managed(fields: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in _names(fields.get("f:data")):
        yield ("data", name)
    metadata = fields.get("f:metadata") or {}
    for group in ("labels", "annotations"):
        for name in _names(metadata.get(f"f:{group}")):
            yield ("metadata", group, name)
    for name in ("type", "immutable"):
        if f"f:{name}" in fields:
            yield (name,)


def _names(fields: Mapping[str, Any] | None) -> Iterator[str]:
    for name in fields or ():
        if name.startswith("f:"):
            yield name.removeprefix("f:")


def _steps(operation: Operation, metadata: Mapping[str, Iterable[str]]) -> Iterator[dict[str, Any]]:
    group = _MAP_PATHS.get(operation.path)
    match group, operation.op:
        case str(), "remove":
            for name in sorted(set(metadata.get(group, ())) - _OWN):
                yield {"op": "remove", "path": _pointer(group, name)}
        case str(), _:
            for name, text in operation.value.items():
                yield {"op": "add", "path": _pointer(group, name), "value": _plain(text)}
        case _:
            yield to_json(Operation(operation.op, operation.path, _value(operation)))


def _value(operation: Operation) -> Any:
    if operation.path == "/data" and isinstance(operation.value, Mapping):
        return {name: _encoded(value) for name, value in operation.value.items()}
    if operation.path.startswith("/data/"):
        return _encoded(operation.value)
    return _plain(operation.value)


def _pointer(group: str, name: str) -> str:
    return f"/metadata/{group}/{name.replace('~', '~0').replace('/', '~1')}"


def _plain(node: Any) -> Any:
    """Labels and annotations that are masked in a plan come as wrapped values."""
    if isinstance(node, SecretValue):
        return node.reveal().decode()
    if isinstance(node, OwnerReference):
        return owner_document(node)
    return node


def _encoded(value: Any) -> Any:
    if not isinstance(value, SecretValue):
        return value
    return binascii.b2a_base64(value.reveal(), newline=False).decode()
