"""Reading a cluster: the set by its label, then what manifests name besides.

A list of the whole cluster is the quickest; where it is not allowed, namespaces are listed one by
one, and where that is not allowed either, objects are asked for one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from reconciler.errors import ObjectNotFound
from reconciler.model.objects import (
    KINDS,
    NAMESPACE,
    SECRET,
    Bystander,
    Live,
    ObjectKey,
)
from reconciler.model.plans import Note
from reconciler.model.store import Scope
from reconciler.stores.kubernetes import consumers, copies, listing, paths, wire
from reconciler.stores.kubernetes.connection import (
    JSON,
    METADATA_LIST_ONLY,
    METADATA_ONLY,
    Connection,
)
from reconciler.stores.kubernetes.faults import Forbidden
from reconciler.stores.kubernetes.found import Found
from reconciler.stores.kubernetes.listing import Item, Seen

_FEW = 8


class _Seen(NamedTuple):
    """A live object, which maps it has, and since when it is being deleted."""

    live: Live
    maps: tuple[str, ...]
    deleted: str


def _seen_of(kind: str) -> Callable[[Item], _Seen]:
    def look(item: Item) -> _Seen:
        deleted = item["metadata"].get("deletionTimestamp") or ""
        return _Seen(wire.live(item, kind), wire.maps_of(item), deleted)

    return look


def read(
    connection: Connection, scope: Scope, set_id: str, namespaces: Collection[str], workers: int
) -> Found:
    """Read what `scope` wants; `namespaces` are those in which the set has ever had members.

    An object elsewhere that carries the set's label was copied with it, and is nobody's.

    Raises:
        StoreError: the server cannot be reached, or does not even let single objects be read.
    """
    reading = _Reading(connection, scope, set_id, namespaces, workers)
    with ThreadPoolExecutor(len(KINDS) + 2) as pool:
        parts = [pool.submit(reading.of_kind, kind) for kind in KINDS]
        parts += [pool.submit(reading.copies), pool.submit(reading.consumers)]
        for part in parts:
            part.result()
    found = reading.found
    for key in found.copies.keys() & found.objects.keys():
        del found.copies[key]  # the object lives, and so a copy is not needed
        if key not in reading.going:
            found.leftovers.add(key)
    found.notices += reading.told()
    return found


class _Reading:
    """One read on its way."""

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        set_id: str,
        namespaces: Collection[str],
        workers: int,
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._set_id = set_id
        self._members = f"{wire.PART_OF}={set_id}"
        self._used = frozenset(namespaces)
        self._namespaces = sorted(
            {key.namespace for key in scope.keys if key.namespace} | self._used
        )
        self._workers = workers
        self._by_namespace: set[str] = set()
        self._by_object: dict[str, set[str]] = defaultdict(set)
        self._unseen: set[str] = set()
        self.going: set[ObjectKey] = set()
        self.found = Found()

    def of_kind(self, kind: str) -> None:
        """Members of the set, named objects and bystanders of one kind."""
        for seen in self._listed(kind, self._members, JSON, _seen_of(kind)):
            key = seen.live.key
            if self._is_used(key) or key in self._scope.keys:
                self._take(seen)
            else:
                self.found.bystanders[key] = wire.copied(seen.live)
        known = self.found.objects.keys()
        missing = {key for key in self._scope.keys if key.kind == kind} - known
        bare = {key for key in self._scope.references if key.kind == kind} - missing - known
        if self._scope.surroundings or len(missing) + len(bare) > _FEW:
            self._look_around(kind, missing, bare)
        else:
            self._each(missing, self._full)
            self._each(bare, self._bare)

    def copies(self) -> None:
        """The copies that interrupted replaces of the set, or of named objects, have left."""
        selector = f"{wire.COPY_OF_SET} in ({self._set_id},{copies.NO_SET})"
        for original in self._listed(SECRET, selector, JSON, copies.original):
            if original is None:
                continue
            owner = None if original.applied is None else original.applied.set_name
            if self._scope.wants(original.key, owner):
                self.found.copies[original.key] = original

    def consumers(self) -> None:
        """What uses Secrets, where that was asked for."""
        if self._scope.consumers:
            found, unseen = consumers.read(self._connection, self._namespaces)
            self.found.consumers = found
            self.found.unseen = frozenset(unseen)
            self.found.notices += consumers.told(unseen)

    def told(self) -> Iterator[Note]:
        """What a reader should know of how it was read."""
        if self._by_namespace:
            kinds = ", ".join(sorted(self._by_namespace))
            yield Note(
                "read-by-namespace",
                f"{kinds} may not be listed in the whole cluster, so only the namespaces of the "
                "set and of the manifests were looked at",
            )
        for kind, places in sorted(self._by_object.items()):
            where = f" in {', '.join(sorted(places))}" if any(places) else ""
            yield Note(
                "read-by-object",
                f"{paths.plural(kind)} may not be listed{where}, so only what manifests name was "
                "looked at: what the set has left there besides is not seen",
            )
        for key in sorted(self.found.leftovers):
            yield Note(
                "copy-left",
                f"an interrupted apply has left a copy of the old {key}: the next apply that "
                "changes something deletes it",
            )
        if self._unseen:
            names = ", ".join(sorted(self._unseen))
            yield Note(
                "namespace-unseen",
                f"namespaces may not be looked at, and are taken to exist: {names}",
            )

    def _take(self, seen: _Seen) -> None:
        live = seen.live
        is_ours = live.applied and live.applied.set_name in {self._scope.set_name, self._set_id}
        if is_ours and not self._is_used(live.key):
            live = replace(live, applied=None)
        self.found.objects[live.key] = live
        self.found.maps[live.key] = seen.maps
        if seen.deleted:
            self.going.add(live.key)
            self._tell_of_deletion(live.key, seen.deleted, ", ".join(live.finalizers))

    def _pass_by(self, item: Item, kind: str) -> Bystander:
        other = wire.bystander(item, kind)
        deleted = item["metadata"].get("deletionTimestamp")
        if deleted and kind == NAMESPACE and other.key in self._scope.references:
            self._tell_of_deletion(other.key, deleted)
        return other

    def _tell_of_deletion(self, key: ObjectKey, since: str, held: str = "") -> None:
        text = f"{key} is being deleted since {since}, and waits for: {held or 'its content'}"
        self.found.notices.append(Note("being-deleted", text))

    def _is_used(self, key: ObjectKey) -> bool:
        """Whether the set may have members there: elsewhere, the label is that of a mere copy."""
        return key.kind == NAMESPACE or key.namespace in self._used

    def _look_around(
        self, kind: str, missing: Collection[ObjectKey], bare: Collection[ObjectKey]
    ) -> None:
        """Metadata of what is not the set's, and the whole of what a manifest names."""
        named: list[ObjectKey] = []
        for other in self._surrounding(kind, {*missing, *bare}):
            if other.key in missing:
                named.append(other.key)
            elif self._scope.surroundings or other.key in bare:
                self.found.bystanders[other.key] = other
        unlisted = self._by_object.get(kind, ())
        named += [key for key in missing if key.namespace in unlisted]
        self._each(named, self._full)
        self._each([key for key in bare if key.namespace in unlisted], self._bare)

    def _surrounding(self, kind: str, wanted: Collection[ObjectKey]) -> Iterator[Bystander]:
        """Metadata of a kind: of the whole cluster, or of the namespaces that matter."""
        selector = f"{wire.PART_OF}!={self._set_id}"
        look = partial(self._pass_by, kind=kind)
        if self._scope.surroundings or kind == NAMESPACE:
            yield from self._listed(kind, selector, METADATA_LIST_ONLY, look)
            return
        for namespace in sorted({key.namespace for key in wanted}):
            yield from self._in_namespace(kind, namespace, selector, METADATA_LIST_ONLY, look)

    def _listed(
        self, kind: str, selector: str, accept: str, look: Callable[[Item], Seen]
    ) -> list[Seen]:
        """Objects of a kind by label: of the whole cluster, or else namespace by namespace."""
        try:
            return listing.pages(
                self._connection, paths.collection(kind), look, selector=selector, accept=accept
            )
        except Forbidden:
            if kind == NAMESPACE:
                self._by_object[kind].add("")
                return self._one_by_one(look) if selector == self._members else []
            self._by_namespace.add(paths.plural(kind))
            return [
                seen
                for namespace in self._namespaces
                for seen in self._in_namespace(kind, namespace, selector, accept, look)
            ]

    def _in_namespace(
        self, kind: str, namespace: str, selector: str, accept: str, look: Callable[[Item], Seen]
    ) -> list[Seen]:
        try:
            return listing.pages(
                self._connection,
                paths.collection(kind, namespace),
                look,
                selector=selector,
                accept=accept,
            )
        except Forbidden:
            self._by_object[kind].add(namespace)
            return []

    def _one_by_one(self, look: Callable[[Item], Seen]) -> list[Seen]:
        """The set's own namespaces among those that may be read, where they may not be listed."""
        found: list[Seen] = []
        for name in self._namespaces:
            try:
                item = self._connection.get(paths.of(ObjectKey(NAMESPACE, "", name)), name)
            except (Forbidden, ObjectNotFound):
                continue
            if (item["metadata"].get("labels") or {}).get(wire.PART_OF) == self._set_id:
                found.append(look(item))
        return found

    def _each(self, keys: Iterable[ObjectKey], read_one: Callable[[ObjectKey], None]) -> None:
        wanted = list(keys)
        if len(wanted) == 1:
            read_one(wanted[0])
        elif wanted:
            with ThreadPoolExecutor(min(self._workers, len(wanted))) as pool:
                list(pool.map(read_one, wanted))

    def _full(self, key: ObjectKey) -> None:
        try:
            item = self._connection.get(paths.of(key), str(key))
        except ObjectNotFound:
            return
        except Forbidden:
            if key.kind != NAMESPACE:
                raise
            self._unseen.add(key.name)
            self.found.bystanders[key] = Bystander(key, "")
            return
        self._take(_seen_of(key.kind)(item))

    def _bare(self, key: ObjectKey) -> None:
        try:
            answer = self._connection.fetch(paths.of(key), str(key), accept=METADATA_ONLY)
        except ObjectNotFound:
            return
        except Forbidden:
            if key.kind == SECRET:
                raise
            if key.kind == NAMESPACE:
                self._unseen.add(key.name)
            self.found.bystanders[key] = Bystander(key, "")
            return
        self.found.bystanders[key] = self._pass_by(answer.json(), key.kind)
