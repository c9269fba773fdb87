"""The store of the Serverless App Engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from reconciler.errors import ObjectNotFound
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import SECRET, ObjectKey
from reconciler.model.plans import Action, StoreIdentity
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store
from reconciler.stores.kit import histories
from reconciler.stores.kit.documents import SetRecord, Sets
from reconciler.stores.kit.leases import Lease, break_lock, read_lock
from reconciler.stores.kit.sessions import given_back
from reconciler.stores.sae.documents import SecretDocuments
from reconciler.stores.sae.places import SCHEME, Place
from reconciler.stores.sae.reading import Reader, View
from reconciler.stores.sae.service import Item, Service
from reconciler.stores.sae.session import SaeSession

_CAPABILITIES = frozenset(
    {
        Capability.CIPHERTEXTS,
        Capability.CONSUMERS,
        Capability.MEMORY,
        Capability.READ_VALUES,
        Capability.UPDATE_VALUES,
        Capability.WRITES,
    }
)


class SaeStore(Store):
    """See `reconciler.model.store.Store`.

    ``home`` is the namespace in which sets keep their records and locks. ``fingerprint_key`` is the
    one that the environment gives, in place of those of the sets.
    """

    capabilities = _CAPABILITIES

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
    def session(self, set_name: str, holder: str, seconds: float) -> Iterator[Session]:
        """Hold the set's lock; makes the set's record where there is none yet."""
        record = self._sets.made(set_name)
        lease = Lease(self._home, set_name, holder)
        lease.take(seconds)
        session = SaeSession(
            service=self._service,
            place=self._place,
            sets=self._sets,
            home=self._home,
            lease=lease,
            read=self._read,
            fingerprinter_of=self._fingerprinter,
            set_name=set_name,
            fingerprint_key=self._given_key or record.fingerprint_key,
        )
        with given_back(session.give_back):
            yield session

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's lock."""
        return read_lock(self._home, set_name)

    def history(self, set_name: str) -> tuple[Run, ...]:
        """The runs of the set, in a document beside its record."""
        return histories.history(self._home, set_name)

    def break_lock(self, lock: Lock) -> None:
        """Delete the lock's Secret, whoever holds it."""
        break_lock(self._home, lock)

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
            workers=self._workers,
            scope=scope,
            fingerprinter=self._fingerprinter(scope.set_name),
            guard=guard,
        )
        named = {key.namespace for key in scope.keys | scope.references if key.kind == SECRET}
        views = reader.read(
            {} if home is None else {self._home_id: home},
            {self._place.namespace_id(namespace) for namespace in named}
            | (frozenset() if record is None else record.namespaces),
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

    def _key_of(self, record: SetRecord | None) -> bytes | None:
        if self._given_key is not None or record is None:
            return self._given_key
        return record.fingerprint_key

    def _fingerprinter(self, set_name: str) -> Fingerprinter | None:
        key = self._key_of(self._sets.latest(set_name))
        return None if key is None else Fingerprinter(key)


def _unguarded() -> None:
    """Nothing is written, so no lock is needed."""
