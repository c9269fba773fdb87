"""The inventory of a set in one namespace: what was applied, in parts of a few dozen objects.

Each part is a document: compressed JSON, written whole. It has one writer, the holder of the set's
lock. Within a process, threads that change a part at the same time share a write: one of them
writes for all.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reconciler.errors import ObjectExists, ObjectNotFound, StoreDamaged
from reconciler.model.objects import Applied
from reconciler.model.plans import FieldPath
from reconciler.stores.kit.documents import PART_PREFIX, Documents, Id, Listed, digest_of

Fields = Mapping[FieldPath, str]
"""Fingerprints by the paths of their fields."""

_FORMAT = 1
_DATA = "data"
_TYPE: FieldPath = ("type",)
_JSON_NAMES = {"generate_name": "generateName"}

_Remembered = TypeVar("_Remembered", "Entry", "Copy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The copy, called ``name``, of an object that is to be deleted, and what the object was.

    ``fields`` is ``None`` where no set owned the object. Times are in milliseconds.
    """

    name: str
    id: Id
    created: int
    updated: Id
    fields: Fields | None
    generate_name: str
    immutable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a set records of one object.

    ``fields`` is the record of the last completed write, to the object with that ``id``.
    ``pending`` is the record of a write that may or may not have happened: a create where ``id`` is
    ``None``. ``released`` says that the set is about to delete the object, ``given`` that another
    set is about to take it over, so that this one claims it no more.
    """

    id: Id | None = None
    fields: Fields | None = None
    pending: Fields | None = None
    generate_name: str = ""
    immutable: bool = False
    released: bool = False
    given: bool = False
    copy: Copy | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is recorded."""
        return self == Entry()

    def may_own(self, object_id: Id) -> bool:
        """Whether the object with that id may be the set's, before its data are read."""
        return self.id == object_id or (self.id is None and self.pending is not None)

    def completed(self, object_id: Id, current: Fields) -> Fields | None:
        """The record of the last write, where the object with that id shows that it is complete.

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
            return Applied(set_name=set_name, fields=done) if is_created else None
        if self.id != object_id or (self.fields is None and not done):
            return None
        fields = {**(self.fields or {}), **done}
        if self.pending is not None or self.copy is not None:
            fields.pop(_TYPE, None)
        return Applied(set_name=set_name, fields=fields)


@dataclass(slots=True)
class _Part:
    name: str
    document: Listed | None = None
    entries: dict[str, Entry] = field(default_factory=dict)
    size: int | None = None
    """Of its content; ``None`` where that is not encoded since the last change."""
    changes: int = 0
    written: int = 0
    writing: bool = False


class Inventory:
    """The entries of one set in one namespace, as they were read and have been written since.

    `guard` is called before each write, and raises where the lock is no longer held.
    """

    def __init__(self, documents: Documents, set_name: str, guard: Callable[[], None]) -> None:
        self._documents = documents
        self._set_name = set_name
        self._guard = guard
        self._parts: list[_Part] = []
        self._turn = threading.Condition()
        self._about = f"the inventory of the set {set_name!r}"

    def load(self, listed: Mapping[str, Listed]) -> None:
        """Read the parts among the documents of a namespace.

        Raises:
            StoreDamaged: somebody has changed one.
        """
        own, _ = parts_of(self._set_name, listed)
        for document in own:
            set_name, entries = read_part(self._documents, document)
            if set_name == self._set_name:  # another set's name may have the same digest
                self._parts.append(_Part(document.name, document, entries))

    def entries(self) -> dict[str, Entry]:
        """All entries, by the names of their objects."""
        with self._turn:
            return {name: entry for part in self._parts for name, entry in part.entries.items()}

    def entry(self, name: str) -> Entry:
        """What is recorded of an object; an empty entry where nothing is."""
        with self._turn:
            part = self._part_with(name)
            return Entry() if part is None else part.entries[name]

    def put(self, name: str, entry: Entry, *, wait: bool = True) -> None:
        """Record `entry`; without `wait`, it is written together with the next change.

        Raises:
            StoreError: it could not be written. The next change tries again.
        """
        with self._turn:
            part = self._part_with(name) or (None if entry.is_empty else self._part_with_room())
            if part is None:
                return
            if part.entries.get(name, Entry()) != entry:
                part.entries[name] = entry
                if entry.is_empty:
                    del part.entries[name]
                part.changes += 1
                part.size = None
            if wait:
                self._flush(part)

    def flush(self) -> None:
        """Write what was put without waiting."""
        with self._turn:
            for part in self._parts:
                self._flush(part)

    def _flush(self, part: _Part) -> None:
        wanted = part.changes
        while part.written < wanted:
            if part.writing:
                self._turn.wait()
                continue
            part.writing = True
            changes, entries = part.changes, dict(part.entries)
            self._turn.release()
            try:
                document = self._write(part, entries)
            finally:
                self._turn.acquire()
                part.writing = False
                self._turn.notify_all()
            part.document = document
            part.written = changes

    def _write(self, part: _Part, entries: Mapping[str, Entry]) -> Listed | None:
        """Write a part whole, or delete its document where it has no entry left."""
        self._guard()
        document = part.document
        if not entries:
            if document is not None:
                self._documents.delete(document, self._about)
            return None
        content = encode(self._set_name, entries)
        if document is not None:
            with suppress(ObjectNotFound):  # deleted by somebody; the entries are still here
                self._documents.update(document, content, self._about)
                return document
        try:
            return self._documents.create(part.name, content, self._about)
        except ObjectExists:  # the answer to an earlier attempt was lost
            document = self._documents.list(self._about).get(part.name)
            if document is None:
                raise
            self._documents.update(document, content, self._about)
            return document

    def _part_with(self, name: str) -> _Part | None:
        return next((part for part in self._parts if name in part.entries), None)

    def _part_with_room(self) -> _Part:
        for part in self._parts:
            if part.size is None:
                part.size = len(encode(self._set_name, part.entries))
            if part.size < self._documents.part_bytes:
                return part
        taken = {part.name for part in self._parts}
        names = (f"{_prefix(self._set_name)}{number}" for number in range(len(taken) + 1))
        self._parts.append(_Part(next(name for name in names if name not in taken)))
        return self._parts[-1]


def parts_of(set_name: str, listed: Mapping[str, Listed]) -> tuple[list[Listed], list[Listed]]:
    """The parts of the inventory of a set, and those of other sets."""
    own: list[Listed] = []
    others: list[Listed] = []
    for name, document in sorted(listed.items()):
        if name.startswith(PART_PREFIX):
            (own if name.startswith(_prefix(set_name)) else others).append(document)
    return own, others


def read_part(documents: Documents, document: Listed) -> tuple[str, dict[str, Entry]]:
    """The set of a part, and its entries; none where it is gone since it was listed.

    Raises:
        StoreDamaged: somebody has changed it.
    """
    content = documents.read(document, document.name)
    if content is None:
        return "", {}
    try:
        return decode(content)
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise StoreDamaged(
            f"{document.name}, a part of the inventory of a set, is not as it was written",
            hint="delete it, and plan with --adopt to take over again what it recorded",
        ) from None


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
    """The set of a part, and its entries. Raises all kinds of errors where `content` is no part."""
    document = json.loads(zlib.decompress(content))
    if document["format"] != _FORMAT:
        raise ValueError
    entries = {name: _remembered(Entry, each) for name, each in document["entries"].items()}
    return str(document["set"]), entries


def _document(remembered: Entry | Copy) -> dict[str, Any]:
    """Its fields that differ from their defaults, as JSON has them."""
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


def _prefix(set_name: str) -> str:
    return f"{PART_PREFIX}{digest_of(set_name)}_"
