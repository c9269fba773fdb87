"""The records of a set's objects, and how a part of an inventory encodes them."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from reconciler.model.objects import Applied
from reconciler.model.plans import FieldPath
from reconciler.stores.kit.documents import Id

Fields = Mapping[FieldPath, str]
"""Fingerprints by the paths of their fields."""

_FORMAT = 1
_DATA = "data"
_TYPE: FieldPath = ("type",)
_JSON_NAMES = {"generate_name": "generateName"}

_Remembered = TypeVar("_Remembered", "Entry", "Copy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The copy, called ``name``, of an object that is about to be deleted, with its metadata.

    ``fields`` is ``None`` where no set owned the object, ``ciphertexts`` where nothing was
    encrypted. Times are in milliseconds.
    """

    name: str
    id: Id
    created: int
    updated: Id
    fields: Fields | None
    generate_name: str
    immutable: bool
    ciphertexts: Fields | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The record of one object in an inventory.

    ``fields`` is the record of the last completed write, to the object with that ``id``.
    ``pending`` is the record of a write that may or may not have happened: a create where ``id`` is
    ``None``. ``released`` says that the set is about to delete the object, ``given`` that another
    set is about to take it over, so that this one claims it no more. ``ciphertexts`` are the
    digests of ``pending``, else of ``fields``; each counts for its own fingerprint only.
    """

    id: Id | None = None
    fields: Fields | None = None
    pending: Fields | None = None
    generate_name: str = ""
    immutable: bool = False
    released: bool = False
    given: bool = False
    copy: Copy | None = None
    ciphertexts: Fields | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is recorded."""
        return self == Entry()

    def may_own(self, object_id: Id) -> bool:
        """Whether the object with that id may belong to the set; its data decide."""
        return self.id == object_id or (self.id is None and self.pending is not None)

    def completed(self, object_id: Id, current: Fields) -> Fields | None:
        """The record of the last write, if the object with that id shows that it is complete.

        `current` holds the fingerprints of the object's data.
        """
        record = self.fields if self.pending is None else self.pending
        if record is None or self.id not in {None, object_id}:
            return None
        paths = {path for path in {*record, *(self.fields or {})} if path[0] == _DATA}
        return record if all(record.get(path) == current.get(path) for path in paths) else None

    def applied(self, set_name: str, object_id: Id, current: Fields) -> Applied | None:
        """What the set has applied to the object with that id; ``None`` where it is not the set's.

        `current` holds the fingerprints of its data, which decide whether a pending write has
        happened; without a pending write it may be empty. After a pending write the record lacks
        the type, so that the next apply writes it again.
        """
        pending = {path: mac for path, mac in (self.pending or {}).items() if path[0] == _DATA}
        done = {path: mac for path, mac in pending.items() if current.get(path) == mac}
        if self.id is None:
            is_created = bool(pending) and done == pending
            return self._applied(set_name, done) if is_created else None
        if self.id != object_id or (self.fields is None and not done):
            return None
        fields = {**(self.fields or {}), **done}
        if self.pending is not None or self.copy is not None:
            fields.pop(_TYPE, None)
        return self._applied(set_name, fields)

    def _applied(self, set_name: str, fields: Fields) -> Applied:
        return Applied(set_name=set_name, fields=fields, ciphertexts=self.ciphertexts or {})


def encode(set_name: str, entries: Mapping[str, Entry]) -> bytes:
    """The content of a part."""
    document = {
        "format": _FORMAT,
        "set": set_name,
        "entries": {name: _document(entry) for name, entry in entries.items()},
    }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return zlib.compress(text.encode(), 9)


def decode(content: bytes) -> tuple[str, dict[str, Entry]]:
    """The set of a part, and its entries. Raises various errors where `content` is no part."""
    document = json.loads(zlib.decompress(content))
    if document["format"] != _FORMAT:
        raise ValueError
    entries = {name: _remembered(Entry, each) for name, each in document["entries"].items()}
    return str(document["set"]), entries


def _document(remembered: Entry | Copy) -> dict[str, Any]:
    """The fields that differ from their defaults, as JSON."""
    document = {}
    for each in dataclasses.fields(remembered):
        value = getattr(remembered, each.name)
        if value != each.default:
            if isinstance(value, Copy):
                value = _document(value)
            elif isinstance(value, Mapping):
                value = [[mac, *path] for path, mac in sorted(value.items())]
            document[_JSON_NAMES.get(each.name, each.name)] = value
    return document


def _remembered(kind: type[_Remembered], document: Mapping[str, Any]) -> _Remembered:
    arguments = {}
    for each in dataclasses.fields(kind):
        name = _JSON_NAMES.get(each.name, each.name)
        if name in document:
            value = document[name]
            if each.name == "copy":
                value = _remembered(Copy, value)
            elif isinstance(value, list):
                value = {tuple(path): mac for mac, *path in value}
            arguments[each.name] = value
    return kind(**arguments)
