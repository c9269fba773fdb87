"""The store and its sessions: each Secret is the file ``NAMESPACE_NAME.secret``."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from reconciler import rules
from reconciler.errors import StoreDamaged
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import Applied, Bystander, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store
from reconciler.stores.kit import histories, patching
from reconciler.stores.kit.documents import Sets
from reconciler.stores.kit.encoding import decoded, encoded
from reconciler.stores.kit.leases import Lease, break_lock, read_lock
from reconciler.stores.kit.refusals import exists, missing, refuse, refuse_moved
from reconciler.stores.kit.sessions import given_back
from sealed_files import BACKEND, violations
from sealed_files.directory import Directory, FileDocuments

_CAPABILITIES = frozenset(
    {
        Capability.CIPHERTEXTS,
        Capability.METADATA,
        Capability.ONE_WRITER,
        Capability.PRECONDITIONS,
        Capability.READ_VALUES,
        Capability.UPDATE_VALUES,
        Capability.WRITES,
    }
)
_OBJECT, _COPY = ".secret", ".copy"
_HISTORY_BYTES = 65536


class FileStore(Store):
    """See `reconciler.model.store.Store`."""

    capabilities = _CAPABILITIES

    def __init__(self, directory: Directory, fingerprint_key: bytes | None) -> None:
        self._directory = directory
        self._given_key = fingerprint_key
        self.documents = FileDocuments(directory)

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants."""
        snapshot = Snapshot(
            identity=StoreIdentity(BACKEND.scheme, "", str(self._directory.path)),
            capabilities=_CAPABILITIES,
            fingerprint_key=self._given_key,
            exists=self._directory.path.exists(),
        )
        if not snapshot.exists:
            return snapshot
        record = Sets(self.documents).record(scope.set_name)
        if record is not None:
            key = self._given_key or record.fingerprint_key
            identity = replace(snapshot.identity, id=record.id)
            snapshot = replace(snapshot, identity=identity, fingerprint_key=key)
        with self._directory.turn(writing=False):
            lives, copies = (self._all(ending) for ending in (_OBJECT, _COPY))
        return replace(
            snapshot,
            objects={live.key: live for live in lives if scope.wants(live.key, live.owner_set)},
            bystanders={
                live.key: Bystander.of(live)
                for live in lives
                if not scope.wants(live.key, live.owner_set)
            },
            copies={live.key: live for live in copies if scope.wants(live.key, live.owner_set)},
        )

    def history(self, set_name: str) -> tuple[Run, ...]:
        """The last runs of the set."""
        return histories.history(self.documents, set_name)

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nothing: who may write one file of the directory may write all of them."""

    @contextmanager
    def session(self, set_name: str, holder: str, seconds: float) -> Iterator[Session]:
        """Hold the set's lock; creates the directory where there is none."""
        self._directory.create()
        record = Sets(self.documents).made(set_name)
        lease = Lease(self.documents, set_name, holder)
        lease.take(seconds)
        key = self._given_key or record.fingerprint_key
        with given_back(lease.give_back):
            yield FileSession(self, self._directory, lease, set_name, key)

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's lock."""
        return read_lock(self.documents, set_name)

    def break_lock(self, lock: Lock) -> None:
        """Remove `lock`, whoever holds it."""
        break_lock(self.documents, lock)

    def close(self) -> None:
        """Nothing: no file is kept open."""

    def _all(self, ending: str) -> list[Live]:
        names = [name for name in self._directory.names() if name.endswith(ending)]
        lives = (_opened(self._directory, name) for name in names)
        return [live for live in lives if live is not None]


class FileSession(Session):
    """See `reconciler.model.store.Session`."""

    def __init__(
        self,
        store: FileStore,
        directory: Directory,
        lease: Lease,
        set_name: str,
        fingerprint_key: bytes,
    ) -> None:
        self._set_name = set_name
        self._key = fingerprint_key
        self._store = store
        self._directory = directory
        self._lease = lease

    @property
    def fingerprint_key(self) -> bytes:
        """The key of the environment, or that of the set's record."""
        return self._key

    def renew(self, seconds: float) -> None:
        """Extend the lock."""
        self._lease.renew(seconds)

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants."""
        return self._store.read(scope)

    def note(self, run: Run) -> None:
        """Put `run` into the history of the set."""
        histories.note(self._store.documents, self._set_name, run, most_bytes=_HISTORY_BYTES)

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        """Create a Secret's file."""
        key = resource.key
        refuse(key, (*rules.refusals(resource), *violations(resource)))
        with self._writing():
            if self._find(key) is not None:
                raise exists(key)
            live = Live.of(
                resource,
                uid=_unique(),
                resource_version=_unique(),
                created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                applied=applied,
            )
            self._put(live)
            self._directory.remove(_file(key, _COPY))
            return live

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
    ) -> Live:
        """Write a Secret's file anew, where that changes anything."""
        with self._writing():
            live = self._expected(key, precondition)
            updated = Live.of(
                patching.updated(live, patch),
                uid=live.uid,
                resource_version=live.resource_version,
                created=live.created,
                applied=applied,
            )
            refuse(key, rules.validate_update(live, updated))
            if updated != live:
                updated = replace(updated, resource_version=_unique())
                self._put(updated)
            return updated

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition | None,
        *,
        keep_copy: bool = False,
        released: bool = False,
    ) -> str:
        """Remove a Secret's file; with `keep_copy`, it becomes the copy."""
        del released  # nothing is remembered of what is gone
        object_file, copy_file = _file(key, _OBJECT), _file(key, _COPY)
        with self._writing():
            if precondition is None:
                self._directory.remove(copy_file)
                return ""
            copy = _opened(self._directory, copy_file) if keep_copy else None
            if copy is not None and copy.uid == precondition.uid and self._find(key) is None:
                return ""
            live = self._expected(key, precondition)
            if not keep_copy:
                self._directory.remove(object_file)
                return ""
            if live.applied is not None:  # another set's object is about to be this set's
                self._put(replace(live, applied=replace(live.applied, set_name=self._set_name)))
            self._directory.rename(object_file, copy_file)
            return ""

    def look(self, key: ObjectKey) -> Live | None:
        """The Secret as it is now."""
        with self._directory.turn(writing=False):
            return self._find(key)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._directory.turn():
            self._lease.guard()
            yield

    def _find(self, key: ObjectKey) -> Live | None:
        return _opened(self._directory, _file(key, _OBJECT))

    def _expected(self, key: ObjectKey, precondition: Precondition) -> Live:
        live = self._find(key)
        if live is None:
            raise missing(key)
        refuse_moved(key, live.uid, live.resource_version, precondition)
        return live

    def _put(self, live: Live) -> None:
        self._directory.write(_file(live.key, _OBJECT), encoded(live))


def _file(key: ObjectKey, ending: str) -> str:
    return f"{key.namespace}_{key.name}{ending}"  # no name of Kubernetes has an underscore


def _unique() -> str:
    return str(uuid.uuid4())


def _opened(directory: Directory, name: str) -> Live | None:
    content = directory.read(name)
    if content is None:
        return None
    with suppress(ValueError, TypeError, KeyError):
        live = decoded(content)
        if name in {_file(live.key, _OBJECT), _file(live.key, _COPY)}:
            return live
    raise StoreDamaged(f"{directory.path / name} holds something else than its name says")
