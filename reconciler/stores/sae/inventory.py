"""The inventory of a set in one namespace: small Secrets, each written whole.

A shard has one writer, the holder of the set's lock. Within a process, the threads that change a
shard at the same time are written together: one of them writes for all that came meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.errors import ObjectExists, ObjectNotFound, StoreDamaged
from reconciler.stores.sae import entries
from reconciler.stores.sae.documents import INVENTORY_PREFIX, TYPE, digest_of
from reconciler.stores.sae.entries import Entry
from reconciler.stores.sae.service import Found, Item, Service

_FULL = 3_500
"""A shard of so many characters takes no more Secrets. Gateways commonly take URLs of 8 KiB."""


def shards_of(set_name: str, items: Mapping[str, Item]) -> list[Item]:
    """The shards of a set among the Secrets of a namespace."""
    prefix = f"{INVENTORY_PREFIX}{digest_of(set_name)}_"
    return [item for name, item in sorted(items.items()) if name.startswith(prefix)]


def read_shard(found: Found) -> tuple[str, dict[str, Entry]]:
    """The set of a shard, and its entries.

    Raises:
        StoreDamaged: it is not what was written.
    """
    try:
        return entries.decode(found.raw[entries.KEY])
    except (KeyError, entries.Unreadable):
        raise StoreDamaged(
            f"the Secret {found.item.name}, which has a part of a set's inventory, is not as it"
            " was written",
            hint="delete it, and plan with --adopt: what it had is then taken over again",
        ) from None


@dataclass(slots=True)
class _Shard:
    name: str
    id: int | None = None
    entries: dict[str, Entry] = field(default_factory=dict)
    changes: int = 0
    written: int = 0
    writing: bool = False


class Inventory:
    """The entries of one set in one namespace, as they were read and have been written since.

    `guard` is called before each write, and raises where the lock is no longer held.
    """

    def __init__(
        self, service: Service, namespace_id: str, set_name: str, guard: Callable[[], None]
    ) -> None:
        self._service = service
        self._namespace_id = namespace_id
        self._set_name = set_name
        self._guard = guard
        self._shards: list[_Shard] = []
        self._turn = threading.Condition()
        self._about = f"the inventory of the set {set_name!r} in {namespace_id}"

    def take(self, found: Found) -> None:
        """Add a shard that was read; one of another set, whose digest is the same, is left out."""
        set_name, known = read_shard(found)
        if set_name == self._set_name:
            self._shards.append(_Shard(found.item.name, found.item.id, known))

    def entries(self) -> dict[str, Entry]:
        """All entries, by the names of their Secrets."""
        with self._turn:
            return {name: one for shard in self._shards for name, one in shard.entries.items()}

    def entry(self, name: str) -> Entry:
        """What is remembered of a Secret; nothing, where it is not known."""
        with self._turn:
            shard = self._shard_with(name)
            return Entry() if shard is None else shard.entries[name]

    def put(self, name: str, entry: Entry, *, wait: bool = True) -> None:
        """Remember `entry`; without `wait`, it is written with whatever is written next.

        Raises:
            StoreError: it could not be written; it is tried again with the next one.
        """
        with self._turn:
            shard = self._shard_with(name) or (None if entry.is_empty else self._shard_with_room())
            if shard is None or shard.entries.get(name, Entry()) == entry:
                if shard is not None and wait:
                    self._flush(shard)
                return
            if entry.is_empty:
                del shard.entries[name]
            else:
                shard.entries[name] = entry
            shard.changes += 1
            if wait:
                self._flush(shard)

    def flush(self) -> None:
        """Write what has been put without waiting."""
        with self._turn:
            for shard in self._shards:
                self._flush(shard)

    def _flush(self, shard: _Shard) -> None:
        wanted = shard.changes
        while shard.written < wanted:
            if shard.writing:
                self._turn.wait()
                continue
            shard.writing = True
            changes, content = shard.changes, dict(shard.entries)
            self._turn.release()
            try:
                secret_id = self._write(shard, content)
            finally:
                self._turn.acquire()
                shard.writing = False
                self._turn.notify_all()
            shard.id = secret_id
            shard.written = changes

    def _write(self, shard: _Shard, content: Mapping[str, Entry]) -> int | None:
        """Write a shard whole, and drop one that is empty; returns the id of its Secret."""
        self._guard()
        if not content:
            self._drop(shard)
            return None
        raw = {entries.KEY: entries.encode(self._set_name, content)}
        if shard.id is not None:
            try:
                self._service.update(self._namespace_id, shard.id, raw, self._about)
            except ObjectNotFound:  # somebody has deleted it: what it had is still known here
                shard.id = None
            else:
                return shard.id
        try:
            return self._service.create(self._namespace_id, shard.name, TYPE, raw, self._about)
        except ObjectExists:  # the answer to an earlier try was lost
            found = self._service.list(self._namespace_id, self._about).get(shard.name)
            if found is None:
                raise
            self._service.update(self._namespace_id, found.id, raw, self._about)
            return found.id

    def _drop(self, shard: _Shard) -> None:
        if shard.id is not None:
            with suppress(ObjectNotFound):
                self._service.delete(self._namespace_id, shard.id, self._about)

    def _shard_with(self, name: str) -> _Shard | None:
        return next((shard for shard in self._shards if name in shard.entries), None)

    def _shard_with_room(self) -> _Shard:
        for shard in self._shards:
            if len(entries.encode(self._set_name, shard.entries)) < _FULL:
                return shard
        taken = {shard.name for shard in self._shards}
        prefix = f"{INVENTORY_PREFIX}{digest_of(self._set_name)}_"
        number = next(n for n in range(len(taken) + 1) if f"{prefix}{n}" not in taken)
        self._shards.append(_Shard(f"{prefix}{number}"))
        return self._shards[-1]
