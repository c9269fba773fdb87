"""The store of the Serverless App Engine."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from reconciler import rules
from reconciler.errors import (
    ConfigError,
    ObjectExists,
    ObjectInvalid,
    ObjectNotFound,
    StoreError,
)
from reconciler.model.documents import from_document, to_document
from reconciler.model.locks import Lock
from reconciler.model.objects import SECRET, Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation, PatchMisfit, patched
from reconciler.model.plans import Action, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.values import Fingerprinter
from reconciler.stores.kit.documents import SetRecord, Sets
from reconciler.stores.kit.inventory import Inventory
from reconciler.stores.kit.leases import Lease, break_lock, read_lock
from reconciler.stores.naming import drawn_name
from reconciler.stores.sae.checks import violations
from reconciler.stores.sae.documents import SecretDocuments
from reconciler.stores.sae.places import SCHEME, Place
from reconciler.stores.sae.reading import Reader
from reconciler.stores.sae.service import Item, Service
from reconciler.stores.sae.writing import Spot, Writer

_CAPABILITIES = frozenset({Capability.READ_VALUES, Capability.UPDATE_VALUES, Capability.CONSUMERS})
_NO_SET = "default"
_NAME_DRAWS = 8


class SaeStore:
    """See `reconciler.model.store.Store`.

    ``home`` is the namespace in which sets keep their records and locks. ``fingerprint_key`` is the
    one that the environment gives, in place of those of the sets.
    """

    def __init__(
        self,
        service: Service,
        place: Place,
        home: str,
        workers: int,
        fingerprint_key: bytes | None = None,
    ) -> None:
        self._given_key = fingerprint_key
        self._service = service
        self._place = place
        self._home_id = place.namespace_id(home)
        self._workers = workers
        self._home = SecretDocuments(service, self._home_id)
        self._sets = Sets(self._home, self._home_id)
        self._leases: dict[str, Lease] = {}
        self._inventories: dict[tuple[str, str], Inventory] = {}
        self._missing: frozenset[str] = frozenset()
        self._set_name = _NO_SET
        self._writer = Writer(service, self._fingerprinter)
        self._turn = threading.Lock()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do."""
        return _CAPABILITIES

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants: one list for each namespace, one call for each Secret."""
        home = self._home_items()
        record = None if home is None else self._sets.record(scope.set_name, home)
        reader = Reader(
            service=self._service,
            place=self._place,
            workers=self._workers,
            scope=scope,
            fingerprinter=self._fingerprinter(scope.set_name),
            guard=lambda: self._guard(scope.set_name),
        )
        named = {key.namespace for key in scope.keys | scope.references if key.kind == SECRET}
        views = reader.read(
            {} if home is None else {self._home_id: home},
            {self._place.namespace_id(namespace) for namespace in named}
            | (frozenset() if record is None else record.namespaces),
        )
        for view in views:
            self._inventories[scope.set_name, view.namespace_id] = view.inventory
        self._missing = frozenset(reader.missing)
        return Snapshot(
            identity=StoreIdentity(SCHEME, "" if record is None else record.id, self._place.shown),
            capabilities=_CAPABILITIES,
            objects=reader.objects,
            bystanders=reader.bystanders,
            copies=reader.copies,
            vanished=frozenset(reader.vanished),
            consumers=tuple(sorted(reader.consumers)),
            fingerprint_key=self._key_of(record),
            notices=reader.notices(),
        )

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Make sure that the namespaces exist; the service cannot be asked about rights."""
        del set_name
        wanted = {self._place.namespace_id(key.namespace) for _, key in work if key.namespace}
        missing = sorted(wanted & self._missing)
        if missing:
            raise ObjectNotFound(
                f"these namespaces do not exist in {self._place.region}: {', '.join(missing)}",
                hint="create them in the console, or say which ones are meant with"
                " sae-namespaces in reconciler.yaml",
            )

    def lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Take the set's lock, or extend it; makes the set's record where there is none yet."""
        self._set_name = set_name
        self._sets.made(set_name)
        lease = self._lease(set_name, holder)
        taken_anew = lease.take(seconds)
        self._leases[set_name] = lease
        if taken_anew:
            # What others may have written until now is read anew.
            self._inventories = {
                at: inventory for at, inventory in self._inventories.items() if at[0] != set_name
            }

    def renew_lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Extend the lock that this process has taken."""
        self._lease(set_name, holder).renew(seconds)

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's lock."""
        return read_lock(self._home, set_name)

    def break_lock(self, lock: Lock) -> None:
        """Delete the lock's Secret, whoever holds it."""
        break_lock(self._home, lock)

    def unlock(self, set_name: str, holder: str) -> None:
        """Write what of the inventories was put off, and give the lock back."""
        try:
            for (owner, _), inventory in list(self._inventories.items()):
                if owner == set_name:
                    inventory.flush()
        finally:
            self._lease(set_name, holder).give_back()

    def begin(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Note the namespaces in which the set will have members."""
        self._set_name = set_name
        wanted = {self._place.namespace_id(key.namespace) for _, key in work if key.namespace}
        self._sets.note_namespaces(set_name, wanted)

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """Create `resource`, with its record in the inventory before and after."""
        _refuse_dry_run(dry_run=dry_run)
        set_name = self._set_name if applied is None else applied.set_name
        if resource.name:
            return self._created(resource, applied, set_name)
        for _ in range(_NAME_DRAWS):
            name = drawn_name(resource.generate_name)
            named = replace(resource, key=resource.key._replace(name=name))
            with suppress(ObjectExists):
                return self._created(named, applied, set_name)
        raise ObjectExists(
            f"{resource.key}: every name drawn for {resource.generate_name!r} is taken",
            hint="try again, or use a longer generateName",
        )

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied,
        precondition: Precondition,
        *,
        dry_run: bool = False,
    ) -> Live:
        """Apply `patch`, look at what became of it, and put right what was merged."""
        _refuse_dry_run(dry_run=dry_run)
        spot = self._spot(key, applied.set_name)
        found, done = self._writer.expected(spot, precondition)
        if done:
            return self._writer.finished(spot, found, applied)
        live = self._writer.live(spot, found)
        updated = _updated(live, patch)
        self._refuse(rules.validate_update(live, updated), updated)
        return self._writer.update(spot, found, updated, applied, precondition)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition,
        *,
        keep_copy: bool = False,
        released: bool = False,
        dry_run: bool = False,
    ) -> str:
        """Delete the object; what the inventory is to say of that is written first."""
        _refuse_dry_run(dry_run=dry_run)
        spot = self._spot(key, self._owner(key))
        self._writer.delete(spot, precondition, keep_copy=keep_copy, released=released)
        return ""

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        """Nothing: a write is done when it answers."""
        del key, deleted_uid
        return ""

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy kept of `key`, where there is one, and the memory of its object."""
        self._writer.drop_copy(self._spot(key, self._owner(key)))

    def fingerprint_key(self, set_name: str) -> bytes:
        """The key of the fingerprints of that set."""
        if self._given_key is not None:
            return self._given_key
        record = self._sets.latest(set_name) or self._sets.record(set_name)
        if record is None:
            raise StoreError(f"the set {set_name!r} has no record yet, and so no fingerprint key")
        return record.fingerprint_key

    def close(self) -> None:
        """Nothing: the SDK keeps its connections for the whole process."""

    def _home_items(self) -> dict[str, Item] | None:
        try:
            return self._service.list(self._home_id, "the set's own namespace")
        except ObjectNotFound:
            return None

    def _created(self, resource: Resource, applied: Applied | None, set_name: str) -> Live:
        self._refuse(rules.refusals(resource), resource)
        self._sets.note_namespaces(set_name, {self._place.namespace_id(resource.namespace)})
        return self._writer.create(self._spot(resource.key, set_name), resource, applied)

    def _refuse(self, broken: Iterable[rules.Violation], resource: Resource) -> None:
        faults = (*broken, *violations(resource, hyphens=self._place.hyphens))
        if faults:
            texts = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
            hints = "; ".join(dict.fromkeys(fault.hint for fault in faults if fault.hint))
            raise ObjectInvalid(f"{resource.key}: {texts}", hint=hints)

    def _spot(self, key: ObjectKey, set_name: str) -> Spot:
        namespace_id = self._place.namespace_id(key.namespace)
        return Spot(key, namespace_id, set_name, self._inventory(set_name, namespace_id))

    def _inventory(self, set_name: str, namespace_id: str) -> Inventory:
        """The inventory as it was read last, and read now where it was not."""
        with self._turn:
            inventory = self._inventories.get((set_name, namespace_id))
            if inventory is None:
                documents = SecretDocuments(self._service, namespace_id)
                inventory = Inventory(documents, set_name, lambda: self._guard(set_name))
                inventory.load(documents.list("the inventory"))
                self._inventories[set_name, namespace_id] = inventory
            return inventory

    def _lease(self, set_name: str, holder: str) -> Lease:
        lease = self._leases.get(set_name)
        if lease is not None and lease.holder == holder:
            return lease
        return Lease(self._home, set_name, holder)

    def _guard(self, set_name: str) -> None:
        lease = self._leases.get(set_name)
        if lease is not None:
            lease.guard()

    def _owner(self, key: ObjectKey) -> str:
        """The set that remembers the object; else the one that is being applied."""
        namespace_id = self._place.namespace_id(key.namespace)
        for (set_name, at), inventory in list(self._inventories.items()):
            if at == namespace_id and not inventory.entry(key.name).is_empty:
                return set_name
        return self._set_name

    def _key_of(self, record: SetRecord | None) -> bytes | None:
        if self._given_key is not None or record is None:
            return self._given_key
        return record.fingerprint_key

    def _fingerprinter(self, set_name: str) -> Fingerprinter | None:
        key = self._key_of(self._sets.latest(set_name))
        return None if key is None else Fingerprinter(key)


def _updated(live: Live, patch: tuple[Operation, ...]) -> Resource:
    try:
        document = patched(to_document(live), patch)
    except PatchMisfit:
        raise ObjectInvalid(f"{live.key}: the patch does not fit the object") from None
    return from_document(live.key, document, live.generate_name)


def _refuse_dry_run(*, dry_run: bool) -> None:
    if dry_run:
        raise ConfigError("this store cannot try a change without making it")
