"""The inventory of a set in one namespace: what was applied, in parts of a few dozen objects.

Each part is a document: compressed JSON, written whole. It has one writer, the holder of the set's
lock. Within a process, threads that change a part at the same time share a write: one of them
writes for all.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.errors import ObjectExists, ObjectNotFound, StoreDamaged
from reconciler.stores.kit.documents import PART_PREFIX, Documents, Listed, digest_of
from reconciler.stores.kit.entries import Entry, decode, encode


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
    """The entries of one set in one namespace, as they were last read or written.

    `guard` is called before each write, and raises where the lock is no longer held. A part of
    `part_bytes` or more takes no more objects.
    """

    def __init__(
        self,
        documents: Documents,
        set_name: str,
        guard: Callable[[], None],
        *,
        part_bytes: int,
    ) -> None:
        self._documents = documents
        self._part_bytes = part_bytes
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
        """The entry of an object; an empty one where there is none."""
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
        """Write the entries that were put without waiting."""
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
            if part.size < self._part_bytes:
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
    """The set of a part, and its entries; none where the part is gone.

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


def _prefix(set_name: str) -> str:
    return f"{PART_PREFIX}{digest_of(set_name)}_"
