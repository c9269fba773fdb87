"""A session of the store of the Serverless App Engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from reconciler import rules
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.history import Run
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Precondition
from reconciler.model.store import Scope, Session, Snapshot
from reconciler.stores.kit import histories, patching, refusals
from reconciler.stores.kit.documents import Sets
from reconciler.stores.kit.entries import Entry, Fields
from reconciler.stores.kit.inventory import Inventory
from reconciler.stores.kit.leases import Lease
from reconciler.stores.sae.checks import violations
from reconciler.stores.sae.documents import PART_BYTES, SecretDocuments
from reconciler.stores.sae.places import Place
from reconciler.stores.sae.reading import View
from reconciler.stores.sae.service import Service
from reconciler.stores.sae.spots import Spot
from reconciler.stores.sae.writing import Writer

Read = Callable[[Scope, Callable[[], None]], tuple[Snapshot, list[View]]]
"""Reads a scope; its second argument guards the writes to the inventories that were read."""


class SaeSession(Session):
    """See `reconciler.model.store.Session`."""

    def __init__(
        self,
        *,
        service: Service,
        place: Place,
        sets: Sets,
        home: SecretDocuments,
        lease: Lease,
        read: Read,
        fingerprinter_of: Callable[[str], Fingerprinter | None],
        set_name: str,
        fingerprint_key: bytes,
    ) -> None:
        self._service = service
        self._place = place
        self._sets = sets
        self._home = home
        self._lease = lease
        self._read = read
        self._set_name = set_name
        self._key = fingerprint_key
        self._writer = Writer(service, fingerprinter_of)
        self._inventories: dict[tuple[str, str], Inventory] = {}
        self._others: dict[ObjectKey, str] = {}
        self._turn = threading.Lock()

    @property
    def fingerprint_key(self) -> bytes:
        """The key of the environment, or that of the set's record."""
        return self._key

    def renew(self, seconds: float) -> None:
        """Extend the lock."""
        self._lease.renew(seconds)

    def give_back(self) -> None:
        """Write the changes of inventories that were put off, and release the lock."""
        try:
            for (owner, _), inventory in list(self._inventories.items()):
                if owner == self._set_name:
                    inventory.flush()
        finally:
            self._lease.give_back()

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants."""
        snapshot, views = self._read(scope, self._lease.guard)
        for view in views:
            self._inventories[scope.set_name, view.namespace_id] = view.inventory
        self._others = {
            live.key: live.applied.set_name
            for live in snapshot.objects.values()
            if live.applied is not None and live.applied.set_name != scope.set_name
        }
        return snapshot

    def begin(self, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Note the namespaces in which the set will have members."""
        wanted = {self._place.namespace_id(key.namespace) for _, key in work if key.namespace}
        self._sets.note_namespaces(self._set_name, wanted)

    def note(self, run: Run) -> None:
        """Put `run` into the document of the set's runs."""
        histories.note(self._home, self._set_name, run, most_bytes=PART_BYTES)

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        """Create `resource`, with its record in the inventory before and after."""
        set_name = self._set_name if applied is None else applied.set_name
        self._refuse(rules.refusals(resource), resource)
        self._sets.note_namespaces(set_name, {self._place.namespace_id(resource.namespace)})
        live = self._writer.create(self._spot(resource.key, set_name), resource, applied)
        if set_name != self._set_name:  # put back in its old set: the copy was this set's
            self._writer.drop_copy(self._spot(resource.key, self._set_name))
        return live

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
    ) -> Live:
        """Apply `patch`, read the result, and remove the keys that the service has merged."""
        if applied is None:
            return self._writer.release(self._spot(key, self._owner(key)), precondition)
        spot = self._spot(key, applied.set_name)
        secret = self._writer.expected(spot, precondition)
        live = self._writer.live(spot, secret)
        updated = patching.updated(live, patch)
        self._refuse(rules.validate_update(live, updated), updated)
        with self._taken_over(spot) as record:
            return self._writer.update(spot, secret, updated, applied, record)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition | None,
        *,
        keep_copy: bool = False,
        released: bool = False,
    ) -> str:
        """Delete the object; its entry in the inventory is written first."""
        spot = self._spot(key, self._owner(key))
        if precondition is None:
            self._writer.drop_copy(spot)
            return ""
        with self._taken_over(spot) as record:
            self._writer.delete(
                spot, precondition, keep_copy=keep_copy, released=released, taken=record
            )
        return ""

    def look(self, key: ObjectKey) -> Live | None:
        """The object as it is now."""
        return self._writer.look(self._spot(key, self._owner(key)))

    @contextmanager
    def _taken_over(self, spot: Spot) -> Iterator[Fields | None]:
        """Take the entry of `spot` out of the inventory of the set that owns it, where one does.

        That set stops claiming the object before the write begins, and its entry goes once the
        write is done, so that two sets never claim an object. Yields what it had applied.
        """
        giver = self._others.get(spot.key, spot.set_name)
        if giver == spot.set_name:
            yield None
            return
        given = replace(spot, set_name=giver, inventory=self._inventory(giver, spot.namespace_id))
        entry = given.entry
        if not entry.is_empty:
            given.record(replace(entry, given=True))
        yield entry.fields
        given.record(Entry())

    def _refuse(self, broken: Iterable[rules.Violation], resource: Resource) -> None:
        faults = (*broken, *violations(resource, hyphens=self._place.hyphens))
        refusals.refuse(resource.key, faults)

    def _spot(self, key: ObjectKey, set_name: str) -> Spot:
        namespace_id = self._place.namespace_id(key.namespace)
        return Spot(key, namespace_id, set_name, self._inventory(set_name, namespace_id))

    def _inventory(self, set_name: str, namespace_id: str) -> Inventory:
        """The inventory as it was last read; reads it the first time."""
        with self._turn:
            inventory = self._inventories.get((set_name, namespace_id))
            if inventory is None:
                documents = SecretDocuments(self._service, namespace_id)
                inventory = Inventory(documents, set_name, self._lease.guard, part_bytes=PART_BYTES)
                inventory.load(documents.list("the inventory"))
                self._inventories[set_name, namespace_id] = inventory
            return inventory

    def _owner(self, key: ObjectKey) -> str:
        """The set with an entry for the object; else that of the session."""
        namespace_id = self._place.namespace_id(key.namespace)
        for (set_name, at), inventory in list(self._inventories.items()):
            entry = inventory.entry(key.name)
            if at == namespace_id and not (entry.is_empty or entry.given):
                return set_name
        return self._set_name
