"""What a set remembers of a Secret, since the service keeps nothing with one; how it is written.

A shard of an inventory is a single key of a Secret, so that it makes no difference whether an
update replaces or merges: compressed JSON in base64.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.objects import Applied
from reconciler.model.plans import FieldPath

Fields = Mapping[FieldPath, str]
"""Fingerprints by the paths of their fields."""

KEY = "inventory"
_FORMAT = 1
_DATA = "data"
_TYPE: FieldPath = ("type",)


class Unreadable(Exception):
    """A shard is not what was written; the message says no more than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of a Secret that is to be deleted: the Secret ``name``, and what it is a copy of.

    ``fields`` is ``None`` where no set owned the original. Times are in milliseconds.
    """

    name: str
    id: int
    created: int
    updated: int
    fields: Fields | None
    generate_name: str = ""
    immutable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is remembered of one Secret.

    ``id`` is that of the Secret to which ``fields``, the record of the last write that has ended,
    belong. ``pending`` is the record of a write that may have happened or not; beside an ``id`` of
    ``None``, that of a create. ``released`` tells that the set wants it gone.
    """

    id: int | None = None
    fields: Fields | None = None
    pending: Fields | None = None
    generate_name: str = ""
    immutable: bool = False
    released: bool = False
    copy: Copy | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is remembered."""
        return self == Entry()

    def record(
        self, set_name: str, secret_id: int, is_so: Callable[[FieldPath, str], bool]
    ) -> Applied | None:
        """What the set has applied to the Secret of that id; ``None`` where it is not the set's.

        `is_so` tells whether a value has a fingerprint. It decides which of two records a field
        has after a write of which nobody knows whether it has happened. What such a write has left
        unsettled lacks the type, so that the next apply writes the record anew.
        """
        values = {path: mark for path, mark in (self.pending or {}).items() if path[0] == _DATA}
        done = {path: mark for path, mark in values.items() if is_so(path, mark)}
        if self.id is None:
            return Applied(set_name=set_name, fields=done) if values and done == values else None
        if self.id != secret_id or (self.fields is None and not done):
            return None
        fields = {**(self.fields or {}), **done}
        if self.pending is not None or self.copy is not None:
            fields.pop(_TYPE, None)
        return Applied(set_name=set_name, fields=fields)


def encode(set_name: str, entries: Mapping[str, Entry]) -> str:
    """A shard as it is written."""
    document = {
        "format": _FORMAT,
        "set": set_name,
        "entries": {name: _entry_document(entry) for name, entry in sorted(entries.items())},
    }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def decode(text: str) -> tuple[str, dict[str, Entry]]:
    """The set of a shard, and its entries.

    Raises:
        Unreadable: it is not what `encode` made.
    """
    try:
        document = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
        if document["format"] != _FORMAT:
            raise Unreadable
        entries = {name: _entry(found) for name, found in document["entries"].items()}
        return str(document["set"]), entries
    except (binascii.Error, zlib.error, ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable from None


def _entry_document(entry: Entry) -> dict[str, Any]:
    copy = entry.copy
    document: dict[str, Any] = {
        "id": entry.id,
        "fields": _fields_document(entry.fields),
        "pending": _fields_document(entry.pending),
        "generateName": entry.generate_name or None,
        "immutable": entry.immutable or None,
        "released": entry.released or None,
        "copy": None
        if copy is None
        else {
            "name": copy.name,
            "id": copy.id,
            "created": copy.created,
            "updated": copy.updated,
            "fields": _fields_document(copy.fields),
            "generateName": copy.generate_name,
            "immutable": copy.immutable,
        },
    }
    return {name: value for name, value in document.items() if value is not None}


def _entry(document: Mapping[str, Any]) -> Entry:
    copy = document.get("copy")
    return Entry(
        id=document.get("id"),
        fields=_fields(document.get("fields")),
        pending=_fields(document.get("pending")),
        generate_name=document.get("generateName", ""),
        immutable=document.get("immutable", False),
        released=document.get("released", False),
        copy=None
        if copy is None
        else Copy(
            name=copy["name"],
            id=copy["id"],
            created=copy["created"],
            updated=copy["updated"],
            fields=_fields(copy.get("fields")),
            generate_name=copy["generateName"],
            immutable=copy["immutable"],
        ),
    )


def _fields_document(fields: Fields | None) -> list[list[str]] | None:
    return None if fields is None else [[mark, *path] for path, mark in sorted(fields.items())]


def _fields(document: list[list[str]] | None) -> Fields | None:
    return None if document is None else {tuple(path): mark for mark, *path in document}
