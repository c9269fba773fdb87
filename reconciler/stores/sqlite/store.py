"""The embedded store: an SQLite file with its values encrypted, which behaves as an API server."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import Applied, Bystander, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Note, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store
from reconciler.stores.kit.sessions import given_back
from reconciler.stores.sqlite import history, owners, rows, seeds, writing
from reconciler.stores.sqlite.database import Database
from reconciler.stores.sqlite.locks import RowLock
from reconciler.stores.sqlite.session import EmbeddedSession
from reconciler.stores.sqlite.tables import Contents

SCHEME = "sqlite"

_CAPABILITIES = frozenset(Capability) - {
    Capability.CONSUMERS,
    Capability.EVENTS,
    Capability.RESTARTS,
    Capability.ROTATION,
}
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class EmbeddedStore(Store):
    """See `reconciler.model.store.Store` and `Trying`.

    `fingerprint_key` is the key from the environment, used instead of the store's own.
    """

    capabilities = _CAPABILITIES

    def __init__(self, database: Database, fingerprint_key: bytes | None) -> None:
        self._database = database
        self._given_key = fingerprint_key

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants; the objects of a new store where it does not exist yet."""
        snapshot = self._database.read(lambda contents: self._snapshot(contents, scope))
        return self._before_creation(scope) if snapshot is None else snapshot

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nothing: who may write the file may do all of it."""

    @contextmanager
    def session(self, set_name: str, holder: str, seconds: float) -> Iterator[Session]:
        """Hold the set's lock; creates the store where it does not exist yet."""
        now = time.time()
        self._database.write(
            lambda contents: RowLock(contents.connection, set_name, now).take(holder, seconds),
            create=True,
        )
        session = EmbeddedSession(self._database, self.read, set_name, holder, self._given_key)
        with given_back(session.give_back):
            yield session

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's lock, where the store exists and the set has one."""
        now = time.time()
        return self._database.read(
            lambda contents: RowLock(contents.connection, set_name, now).read()
        )

    def history(self, set_name: str) -> tuple[Run, ...]:
        """The last runs of the set; none where the store does not exist."""
        read = self._database.read(lambda contents: history.read(contents.connection, set_name))
        return read or ()

    def break_lock(self, lock: Lock) -> None:
        """Remove `lock`, whoever holds it."""
        self._database.write(
            lambda contents: RowLock(contents.connection, lock.set_name, lock.read_at).remove(lock)
        )

    def try_create(self, resource: Resource, applied: Applied | None) -> Live:
        """What a create would answer."""
        return writing.create(self._database, resource, applied, keep=False)

    def try_update(self, before: Live, patch: tuple[Operation, ...], applied: Applied) -> Live:
        """What an update of `before` would answer."""
        return writing.update(
            self._database, before.key, patch, applied, Precondition.of(before), keep=False
        )

    def try_delete(self, before: Live) -> None:
        """Try to delete `before`."""
        writing.delete(self._database, before.key, Precondition.of(before), keep=False)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _before_creation(self, scope: Scope) -> Snapshot:
        initial = seeds.initial_objects()
        return Snapshot(
            identity=StoreIdentity(SCHEME, "", self._database.shown),
            capabilities=_CAPABILITIES,
            objects={live.key: live for live in initial if scope.wants(live.key, None)},
            bystanders={
                live.key: Bystander.of(live) for live in initial if not scope.wants(live.key, None)
            },
            vanished=frozenset(),
            fingerprint_key=self._given_key,
            exists=False,
        )

    def _snapshot(self, contents: Contents, scope: Scope) -> Snapshot:
        objects: dict[ObjectKey, Live] = {}
        bystanders: dict[ObjectKey, Bystander] = {}
        twins = {resource.key: resource for resource in scope.desired if resource.name}
        for row, twin in contents.all("objects", twins):
            key = row.key if twin is None else twin.key
            if scope.wants(key, row.set_name):
                objects[key] = contents.live(row, twin)
            else:
                bystanders[key] = rows.to_bystander(row)
        copies = [row for row, _ in contents.all("copies") if scope.wants(row.key, row.set_name)]
        return Snapshot(
            identity=StoreIdentity(SCHEME, contents.header.id, self._database.shown),
            capabilities=_CAPABILITIES,
            objects=objects,
            bystanders=bystanders,
            copies={row.key: contents.live(row) for row in copies},
            vanished=contents.vanished(scope.set_name),
            fingerprint_key=self._given_key or contents.fingerprint_key(),
            notices=self._notices(),
        )

    def _notices(self) -> tuple[Note, ...]:
        database = self._database
        paths = (
            database.path.parent,
            database.path,
            database.wal,
            database.shm,
            database.master.file,
            database.master.successor,
        )
        exposed = [
            *(path for path in paths if path.exists() and path.stat().st_mode & _OPEN_TO_OTHERS),
            *(path for path, _ in owners.foreign(database.entrusted, database.trusted)),
        ]
        if not exposed:
            return ()
        names = ", ".join(dict.fromkeys(path.name or str(path) for path in exposed))
        return (
            Note(
                "store-open-to-others",
                f"other users of this machine may read or write the store {database.shown}: make "
                f"the directory 0700 and the files 0600, all of them yours (now open: {names})",
            ),
        )
