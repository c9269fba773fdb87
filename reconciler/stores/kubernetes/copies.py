"""Copies of Secrets that a replace has deleted and not yet created anew.

A copy is a Secret beside the one that it was made of: its data in the same form, so that it fits
wherever the object did, and the rest of the object in an annotation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from reconciler.errors import ObjectExists, ObjectNotFound
from reconciler.model.objects import Live, ObjectKey
from reconciler.model.values import SecretValue
from reconciler.stores.kubernetes import paths, wire
from reconciler.stores.kubernetes.connection import JSON_PATCH, MANAGER, Connection, retried

_NAME_PREFIX = "reconciler-copy-"
NO_SET = "none"
_OBJECT = "reconciler/copied-object"
_DROPPED = ("managedFields",)


def key_of(original: ObjectKey) -> ObjectKey:
    """The key of the copy of an object."""
    digest = hashlib.sha256("\0".join(original).encode()).hexdigest()[:20]
    return original._replace(name=f"{_NAME_PREFIX}{digest}")


def keep(connection: Connection, document: Mapping[str, Any]) -> None:
    """Keep a copy of a Secret, in the place of one that an earlier try has left."""
    kind = document["kind"]
    copied = wire.live(document, kind)
    key = key_of(copied.key)
    copy = _copy(key, document)
    query = {"fieldManager": MANAGER}
    values = tuple(copied.data.values())
    try:
        connection.request(
            "POST",
            paths.collection(kind, key.namespace),
            str(key),
            query=query,
            body=copy,
            values=values,
        )
    except ObjectExists:
        steps = [
            {"op": "add", "path": "/data", "value": copy["data"]},
            {
                "op": "add",
                "path": "/metadata/annotations",
                "value": copy["metadata"]["annotations"],
            },
            {"op": "add", "path": "/metadata/labels", "value": copy["metadata"]["labels"]},
        ]
        connection.request(
            "PATCH",
            paths.of(key),
            str(key),
            query=query,
            body=steps,
            content_type=JSON_PATCH,
            values=values,
        )


def drop(connection: Connection, deleted: ObjectKey, values: Sequence[SecretValue]) -> None:
    """Drop the copy of an object, where there is one; `values` may be in it."""
    key = key_of(deleted)
    with suppress(ObjectNotFound):
        retried(lambda: connection.request("DELETE", paths.of(key), str(key), values=values))


def find(connection: Connection, deleted: ObjectKey) -> Live | None:
    """The object of which a copy is kept."""
    key = key_of(deleted)
    try:
        return original(connection.get(paths.of(key), str(key)))
    except ObjectNotFound:
        return None


def original(document: Mapping[str, Any]) -> Live | None:
    """The object of which `document` is the copy; ``None`` where it is none."""
    text = (document["metadata"].get("annotations") or {}).get(_OBJECT)
    if text is None:
        return None
    rest = orjson.loads(text)
    return wire.live({**rest, "data": document.get("data")}, rest["kind"])


def _copy(key: ObjectKey, document: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: part for name, part in document["metadata"].items() if name not in _DROPPED}
    rest = {name: part for name, part in document.items() if name not in {"data", "metadata"}}
    labels = document["metadata"].get("labels") or {}
    return {
        "apiVersion": "v1",
        "kind": key.kind,
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": {wire.COPY_OF_SET: labels.get(wire.PART_OF, NO_SET)},
            "annotations": {_OBJECT: orjson.dumps({**rest, "metadata": metadata}).decode()},
        },
        "type": "Opaque",
        "data": document.get("data") or {},
    }
