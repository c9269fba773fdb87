"""Reads a cluster: the set by its label, then the other objects that manifests name.

A list of the whole cluster is the quickest; where it is not allowed, namespaces are listed one by
one, and where that is not allowed either, objects are asked for one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from reconciler.errors import ObjectNotFound
from reconciler.model.objects import (
    KINDS,
    NAMESPACE,
    SECRET,
    Bystander,
    ObjectKey,
)
from reconciler.model.plans import Note
from reconciler.model.store import Scope
from reconciler.stores.kubernetes import consumers, copies, heads, listing, paths, wire
from reconciler.stores.kubernetes.ahead import Ahead
from reconciler.stores.kubernetes.connection import (
    JSON,
    METADATA_LIST_ONLY,
    METADATA_ONLY,
    Connection,
)
from reconciler.stores.kubernetes.faults import Forbidden
from reconciler.stores.kubernetes.listing import Item, Seen
from reconciler.stores.kubernetes.parts import Parts
from reconciler.stores.kubernetes.reads import ClusterRead
from reconciler.stores.kubernetes.seen import SeenObject, seen_of

_FEW = 8


def read(
    connection: Connection,
    scope: Scope,
    set_id: str,
    namespaces: Collection[str],
    workers: int,
    *,
    ahead: Ahead | None,
) -> ClusterRead:
    """Read what `scope` wants; `namespaces` are those in which the set has ever had members.

    What was read `ahead` is not read again.

    An object elsewhere that carries the set's label is a copy, label included, and has no owner.

    Raises:
        StoreError: the server cannot be reached, or does not even let single objects be read.
    """
    reading = _Reading(connection, scope, set_id, namespaces, workers, ahead=ahead)
    jobs: list[Callable[[], None]] = [partial(reading.of_kind, kind) for kind in KINDS]
    jobs += [reading.copies, reading.consumers]
    parts = Parts()
    with ThreadPoolExecutor(len(jobs)) as pool:
        try:
            for part in [pool.submit(parts.run, job) for job in jobs]:
                part.result()
        except KeyboardInterrupt:
            parts.abandon(connection.cut)
            raise
    result = reading.result
    for key in result.copies.keys() & result.objects.keys():
        del result.copies[key]  # the object exists, so its copy is not needed
        if key not in reading.going:
            result.leftovers.add(key)
    result.notices += reading.notices()
    return result


class _Reading:
    """A read in progress."""

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        set_id: str,
        namespaces: Collection[str],
        workers: int,
        *,
        ahead: Ahead | None,
    ) -> None:
        self._ahead = ahead
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
        self.result = ClusterRead()

    def of_kind(self, kind: str) -> None:
        """Members of the set, named objects and bystanders of one kind."""
        for seen in self._members_of(kind):
            key = seen.live.key
            if self._is_used(key) or key in self._scope.keys:
                self._add_object(seen)
            else:
                self.result.bystanders[key] = wire.without_record(seen.live)
        read_keys = self.result.objects.keys()
        missing = {key for key in self._scope.keys if key.kind == kind} - read_keys
        bare = {key for key in self._scope.references if key.kind == kind} - missing - read_keys
        if self._scope.surroundings or len(missing) + len(bare) > _FEW:
            self._read_surroundings(kind, missing, bare)
        else:
            self._for_each(missing, self._full)
            self._for_each(bare, self._bare)

    def copies(self) -> None:
        """The copies that interrupted replaces of the set, or of named objects, left."""
        selector = f"{wire.COPY_OF_SET} in ({self._set_id},{copies.NO_SET})"
        for original in self._listed(SECRET, selector, JSON, copies.original):
            if original is None:
                continue
            if self._scope.wants(original.key, original.owner_set):
                self.result.copies[original.key] = original

    def consumers(self) -> None:
        """What uses Secrets, where that was asked for."""
        if self._scope.consumers:
            seen = consumers.read(self._connection, self._namespaces)
            self.result.consumers, self.result.workloads = seen.consumers, seen.workloads
            self.result.unseen = frozenset(seen.unseen)
            self.result.notices += consumers.unseen_notices(seen.unseen)

    def notices(self) -> Iterator[Note]:
        """What the plan must say about how the cluster was read."""
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
        for key in sorted(self.result.leftovers):
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

    def _members_of(self, kind: str) -> Iterable[SeenObject]:
        """The members of the set; what was seen and has not moved is not read again."""
        earlier = {
            key: live
            for key, live in self._scope.seen.items()
            if key.kind == kind and live.applied is not None
        }
        if earlier:
            listed = self._listed(
                kind, self._members, METADATA_LIST_ONLY, partial(heads.head, kind=kind)
            )
            moved = [head.key for head in listed if not head.is_of(earlier.get(head.key))]
            if len(moved) <= len(listed) // _FEW + _FEW:
                with suppress(Forbidden):  # to get one: whoever may list may not be allowed to
                    unmoved = [
                        SeenObject(earlier[head.key], head.maps, head.deleted)
                        for head in listed
                        if head.is_of(earlier.get(head.key))
                    ]
                    return [*unmoved, *self._moved(moved)]
        read = partial(self._listed, kind, self._members, JSON, seen_of(kind))
        if self._ahead is None:
            return read()
        return self._ahead.taken(self._scope.set_name, kind, read)

    def _moved(self, keys: Iterable[ObjectKey]) -> list[SeenObject]:
        """Those of `keys` that still are members."""
        members: list[SeenObject] = []

        def read_one(key: ObjectKey) -> None:
            with suppress(ObjectNotFound):
                item = self._connection.get(paths.of(key), str(key))
                if (item["metadata"].get("labels") or {}).get(wire.PART_OF) == self._set_id:
                    members.append(seen_of(key.kind)(item))

        self._for_each(keys, read_one)
        return members

    def _add_object(self, seen: SeenObject) -> None:
        live = seen.live
        is_ours = live.applied and live.applied.set_name in {self._scope.set_name, self._set_id}
        if is_ours and not self._is_used(live.key):
            live = replace(live, applied=None)
        self.result.objects[live.key] = live
        self.result.maps[live.key] = seen.maps
        if seen.deleted:
            self.going.add(live.key)
            self._note_deletion(live.key, seen.deleted, ", ".join(live.finalizers))

    def _bystander_in(self, item: Item, kind: str) -> Bystander:
        other = wire.bystander(item, kind)
        deleted = item["metadata"].get("deletionTimestamp")
        if deleted and kind == NAMESPACE and other.key in self._scope.references:
            self._note_deletion(other.key, deleted)
        return other

    def _note_deletion(self, key: ObjectKey, since: str, held: str = "") -> None:
        text = f"{key} is being deleted since {since}, and waits for: {held or 'its content'}"
        self.result.notices.append(Note("being-deleted", text))

    def _is_used(self, key: ObjectKey) -> bool:
        """Whether the set may have members there; elsewhere, its label was copied."""
        return key.kind == NAMESPACE or key.namespace in self._used

    def _read_surroundings(
        self, kind: str, missing: Collection[ObjectKey], bare: Collection[ObjectKey]
    ) -> None:
        """Read the metadata of other objects, and the whole of those that are named."""
        named: list[ObjectKey] = []
        for other in self._metadata_of(kind, {*missing, *bare}):
            if other.key in missing:
                named.append(other.key)
            elif self._scope.surroundings or other.key in bare:
                self.result.bystanders[other.key] = other
        unlisted = self._by_object.get(kind, ())
        named += [key for key in missing if key.namespace in unlisted]
        self._for_each(named, self._full)
        self._for_each([key for key in bare if key.namespace in unlisted], self._bare)

    def _metadata_of(self, kind: str, wanted: Collection[ObjectKey]) -> Iterator[Bystander]:
        """The metadata of a kind, in the whole cluster or in the namespaces of `wanted`."""
        selector = f"{wire.PART_OF}!={self._set_id}"
        look = partial(self._bystander_in, kind=kind)
        if self._scope.surroundings or kind == NAMESPACE:
            yield from self._listed(kind, selector, METADATA_LIST_ONLY, look)
            return
        for namespace in sorted({key.namespace for key in wanted}):
            yield from self._in_namespace(kind, namespace, selector, METADATA_LIST_ONLY, look)

    def _listed(
        self, kind: str, selector: str, accept: str, look: Callable[[Item], Seen]
    ) -> list[Seen]:
        """Objects of a kind by label, from the whole cluster or else namespace by namespace."""
        try:
            return listing.pages(
                self._connection, paths.collection(kind), look, selector=selector, accept=accept
            )
        except Forbidden:
            if kind == NAMESPACE:
                self._by_object[kind].add("")
                return self._readable_namespaces(look) if selector == self._members else []
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

    def _readable_namespaces(self, look: Callable[[Item], Seen]) -> list[Seen]:
        """The set's own namespaces among those that can be read, where none can be listed."""
        namespaces: list[Seen] = []
        for name in self._namespaces:
            try:
                item = self._connection.get(paths.of(ObjectKey(NAMESPACE, "", name)), name)
            except (Forbidden, ObjectNotFound):
                continue
            if (item["metadata"].get("labels") or {}).get(wire.PART_OF) == self._set_id:
                namespaces.append(look(item))
        return namespaces

    def _for_each(self, keys: Iterable[ObjectKey], read_one: Callable[[ObjectKey], None]) -> None:
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
            self.result.bystanders[key] = Bystander(key, "")
            return
        self._add_object(seen_of(key.kind)(item))

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
            self.result.bystanders[key] = Bystander(key, "")
            return
        self.result.bystanders[key] = self._bystander_in(answer.json(), key.kind)
