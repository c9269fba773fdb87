"""The store of the Serverless App Engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from reconciler.errors import ObjectNotFound
from reconciler.model.locks import Lock
from reconciler.model.objects import SECRET, ObjectKey
from reconciler.model.plans import Action, FieldPath, StoreIdentity
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.values import Fingerprinter, SecretValue
from reconciler.stores.kit.sessions import given_back
from reconciler.stores.sae.lives import IsSo
from reconciler.stores.sae.locks import Locks
from reconciler.stores.sae.places import SCHEME, Place
from reconciler.stores.sae.reading import Memory, Reader, View
from reconciler.stores.sae.service import Item, Service
from reconciler.stores.sae.session import SaeSession
from reconciler.stores.sae.sets import Record, Sets

_CAPABILITIES = frozenset(
    {
        Capability.CONSUMERS,
        Capability.MEMORY,
        Capability.READ_VALUES,
        Capability.UPDATE_VALUES,
    }
)


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
        self._sets = Sets(service, self._home_id)
        self._memory = Memory(service)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do."""
        return _CAPABILITIES

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants: one list for each namespace, one call for each Secret."""
        return self._read(scope, _unguarded)[0]

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Make sure that the namespaces exist; the service cannot be asked about rights."""
        del set_name
        wanted = {self._place.namespace_id(key.namespace) for _, key in work if key.namespace}
        missing = sorted(name for name in wanted if not self._exists(name))
        if missing:
            raise ObjectNotFound(
                f"these namespaces do not exist in {self._place.region}: {', '.join(missing)}",
                hint="create them in the console, or say which ones are meant with"
                " sae-namespaces in reconciler.yaml",
            )

    @contextmanager
    def session(self, set_name: str, holder: str, seconds: float) -> Iterator[SaeSession]:
        """Hold the set's lock; makes the set's record where there is none yet."""
        record = self._sets.made(set_name)
        locks = Locks(self._service, self._home_id)
        locks.take(set_name, holder, seconds)
        session = SaeSession(
            service=self._service,
            place=self._place,
            memory=self._memory,
            sets=self._sets,
            locks=locks,
            read=self._read,
            is_so_of=self._is_so,
            set_name=set_name,
            holder=holder,
            fingerprint_key=self._given_key or record.fingerprint_key,
        )
        with given_back(session.give_back):
            yield session

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's lock."""
        return Locks(self._service, self._home_id).read(set_name)

    def break_lock(self, lock: Lock) -> None:
        """Delete the lock's Secret, whoever holds it."""
        Locks(self._service, self._home_id).remove(lock)

    def close(self) -> None:
        """Nothing: the SDK keeps its connections for the whole process."""

    def _home_items(self) -> dict[str, Item] | None:
        try:
            return self._service.list(self._home_id, "the set's own namespace")
        except ObjectNotFound:
            return None

    def _exists(self, namespace_id: str) -> bool:
        try:
            self._service.list(namespace_id, f"the namespace {namespace_id}")
        except ObjectNotFound:
            return False
        return True

    def _read(self, scope: Scope, guard: Callable[[], None]) -> tuple[Snapshot, list[View]]:
        home = self._home_items()
        record = None if home is None else self._sets.record(scope.set_name, home)
        reader = Reader(
            service=self._service,
            place=self._place,
            memory=self._memory,
            workers=self._workers,
            scope=scope,
            is_so=self._is_so(scope.set_name),
            guard=guard,
        )
        named = {key.namespace for key in scope.keys | scope.references if key.kind == SECRET}
        views = reader.read(
            {} if home is None else {self._home_id: home},
            {self._place.namespace_id(namespace) for namespace in named}
            | (frozenset() if record is None else record.namespace_ids),
        )
        snapshot = Snapshot(
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
        return snapshot, views

    def _key_of(self, record: Record | None) -> bytes | None:
        if self._given_key is not None or record is None:
            return self._given_key
        return record.fingerprint_key

    def _is_so(self, set_name: str) -> IsSo:
        def is_so(namespace: str, path: FieldPath, value: SecretValue, mark: str) -> bool:
            key = self._key_of(self._sets.known(set_name))
            return key is not None and Fingerprinter(key).of(namespace, path, value) == mark

        return is_so


def _unguarded() -> None:
    """Nothing is written, so no lock is needed."""
