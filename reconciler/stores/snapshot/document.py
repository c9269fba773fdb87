"""A snapshot file: JSON, closed by a seal. ``docs/formats.md`` describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from reconciler.escapes import json_text
from reconciler.model.consumers import Consumer
from reconciler.model.documents import owner_document
from reconciler.model.objects import Bystander, Live, ObjectKey
from reconciler.model.plans import FieldPath
from reconciler.model.seals import key_check, mac
from reconciler.stores.snapshot.seen import Seen, SeenObject
from reconciler.version import __version__

FORMAT = "reconciler.snapshot/v1"
MARK = b'"reconciler.snapshot/'
"""Near the start of files of all formats."""
_LABEL = b"reconciler snapshot seal"
_END = b"}"


def packed(seen: Seen, key: bytes) -> bytes:
    """The content of the file, sealed under the fingerprint key `key`."""
    document = {
        "format": FORMAT,
        "tool": __version__,
        "created": seen.created,
        "commit": seen.commit,
        "keyCheck": key_check(key),
        "set": seen.set_name,
        "store": {"scheme": seen.scheme, "capabilities": sorted(seen.capabilities)},
        "objects": [*map(_object, seen.objects)],
        "copies": [*map(_object, seen.copies)],
        "bystanders": [*map(_bystander, seen.bystanders)],
        "vanished": None if seen.vanished is None else _keys(seen.vanished),
        "consumers": None if seen.consumers is None else [*map(_consumer, seen.consumers)],
        "unseen": sorted(seen.unseen),
        "fixedAnnotations": sorted(seen.fixed_annotations),
    }
    content = orjson.dumps(document)
    sealed = json_text(content.removesuffix(_END).decode()).encode()
    return sealed + closing(seal_of(sealed, key))


def seal_of(sealed: bytes, key: bytes) -> str:
    """The seal of the bytes before `closing`."""
    return mac(sealed, key, _LABEL)


def closing(seal: str) -> bytes:
    """The end of a file with that seal."""
    return f',"seal":"{seal}"}}\n'.encode()


def _object(seen: SeenObject) -> dict[str, Any]:
    live = seen.live
    return {
        **_key(live.key),
        "uid": live.uid,
        "created": live.created,
        "generateName": live.generate_name,
        "versionOf": seen.version_of,
        "type": live.type,
        "immutable": live.immutable,
        "data": _fingerprints(live.data),
        "labels": _fingerprints(live.labels),
        "annotations": _fingerprints(live.annotations),
        "settings": _fingerprints(live.settings),
        "finalizers": [*live.finalizers],
        "owners": [*map(owner_document, live.owners)],
        "applied": _applied(live),
    }


def _fingerprints(leaves: Mapping[str, Any]) -> dict[str, str | None]:
    """Sorted, so that the order within a manifest is not told."""
    return {name: leaves[name].fingerprint for name in sorted(leaves)}


def _applied(live: Live) -> dict[str, Any] | None:
    if live.applied is None:
        return None
    return {
        "set": live.applied.set_name,
        "fields": _by_path(live.applied.fields),
        "ciphertexts": _by_path(live.applied.ciphertexts),
    }


def _by_path(digests: Mapping[FieldPath, str]) -> list[list[str]]:
    return [[digest, *path] for path, digest in sorted(digests.items())]


def _bystander(other: Bystander) -> dict[str, Any]:
    return {
        **_key(other.key),
        "uid": other.uid,
        "owners": [*other.owner_uids],
        "set": other.set_name,
    }


def _consumer(consumer: Consumer) -> dict[str, Any]:
    return {
        "kind": consumer.kind,
        "namespace": consumer.namespace,
        "name": consumer.name,
        "secret": _key(consumer.secret),
        "key": consumer.key,
        "optional": consumer.optional,
        "field": consumer.field,
        "way": consumer.way,
    }


def _keys(keys: Iterable[ObjectKey]) -> list[dict[str, str]]:
    return [*map(_key, sorted(keys))]


def _key(key: ObjectKey) -> dict[str, str]:
    return {"kind": key.kind, "namespace": key.namespace, "name": key.name}
