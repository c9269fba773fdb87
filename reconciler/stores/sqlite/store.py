"""The embedded store: an SQLite file with its values encrypted, which behaves as an API server."""

from __future__ import annotations

import dataclasses
import stat
import time
from collections.abc import Iterable, Sequence

from reconciler import rules
from reconciler.errors import ObjectExists, ObjectInvalid, ObjectMoved, ObjectNotFound, StoreError
from reconciler.model.documents import from_document, to_document
from reconciler.model.locks import Lock
from reconciler.model.objects import (
    NAMESPACE,
    Applied,
    Bystander,
    Live,
    ObjectKey,
    Resource,
)
from reconciler.model.patches import Operation, PatchMisfit, patched
from reconciler.model.plans import Action, Note, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.stores.naming import drawn_name
from reconciler.stores.sqlite import deletion, locks, owners, rows, seeds
from reconciler.stores.sqlite.database import Database
from reconciler.stores.sqlite.tables import Contents, new_uid, now_text

SCHEME = "sqlite"

_CAPABILITIES = frozenset(Capability) - {Capability.CONSUMERS, Capability.ROTATION}
_CONTENT = tuple(field.name for field in dataclasses.fields(Resource))
_NAME_DRAWS = 8
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class EmbeddedStore:
    """See `reconciler.model.store.Store`.

    `fingerprint_key` is the one that the environment gives, in place of the store's own.
    """

    def __init__(self, database: Database, fingerprint_key: bytes | None) -> None:
        self._database = database
        self._given_key = fingerprint_key

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do."""
        return _CAPABILITIES

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants; what it would be born with where it does not exist yet."""
        snapshot = self._database.read(lambda contents: self._snapshot(contents, scope))
        return self._unborn(scope) if snapshot is None else snapshot

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nothing: who may write the file may do all of it."""

    def begin(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nothing: every write is whole, and says whose it is."""

    def lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Take the set's lock, or extend it; creates the store where it does not exist yet."""
        now = time.time()
        self._database.write(
            lambda contents: locks.take(
                contents.connection, set_name, holder, now=now, seconds=seconds
            ),
            create=True,
        )

    def renew_lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Extend the lock that `holder` has."""
        now = time.time()
        self._database.write(
            lambda contents: locks.renew(
                contents.connection, set_name, holder, now=now, seconds=seconds
            )
        )

    def unlock(self, set_name: str, holder: str) -> None:
        """Give the lock back, where `holder` has it."""
        self._database.write(
            lambda contents: locks.give_back(contents.connection, set_name, holder)
        )

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's lock, where the store exists and the set has one."""
        now = time.time()
        return self._database.read(lambda contents: locks.read(contents.connection, set_name, now))

    def break_lock(self, lock: Lock) -> None:
        """Remove `lock`, whoever holds it."""
        self._database.write(lambda contents: locks.remove(contents.connection, lock))

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """Create `resource`, and take over one that nobody asked for or has touched."""
        _refuse(resource.key, rules.refusals(resource))
        return self._database.write(
            lambda contents: _create(contents, resource, applied), keep=not dry_run
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
        """Apply `patch`; an update that changes nothing keeps the resource version."""

        def work(contents: Contents) -> Live:
            live = _expected(contents, key, precondition)
            updated = _updated(live, patch, applied)
            _refuse(key, rules.validate_update(live, updated))
            return live if updated == live else contents.rewrite(updated)

        return self._database.write(work, keep=not dry_run)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition,
        *,
        keep_copy: bool = False,
        released: bool = False,
        dry_run: bool = False,
    ) -> str:
        """Delete the object, and what a cluster's controllers would delete with it."""

        def work(contents: Contents) -> None:
            live = _expected(contents, key, precondition)
            if keep_copy:
                contents.keep_copy(key)
            deletion.delete(contents, live)
            if released:
                contents.forget_vanished(key)

        self._database.write(work, keep=not dry_run)
        return ""

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        """Nothing: a write is done when it answers."""
        del key, deleted_uid
        return ""

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy kept of `key`, where there is one, and the memory of its object."""

        def work(contents: Contents) -> None:
            contents.drop_copy(key)
            contents.forget_vanished(key)

        self._database.write(work)

    def fingerprint_key(self, set_name: str) -> bytes:
        """The key of the fingerprints, which all sets of the file share."""
        del set_name
        if self._given_key is not None:
            return self._given_key
        key = self._database.read(Contents.fingerprint_key)
        if key is None:
            raise StoreError(f"{self._database.shown} does not exist, so it has no fingerprint key")
        return key

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _unborn(self, scope: Scope) -> Snapshot:
        born = seeds.firstborn()
        return Snapshot(
            identity=StoreIdentity(SCHEME, "", self._database.shown),
            capabilities=_CAPABILITIES,
            objects={live.key: live for live in born if scope.wants(live.key, None)},
            bystanders={
                live.key: Bystander(live.key, live.uid)
                for live in born
                if not scope.wants(live.key, None)
            },
            vanished=frozenset(),
            fingerprint_key=self._given_key,
            born=False,
        )

    def _snapshot(self, contents: Contents, scope: Scope) -> Snapshot:
        objects: dict[ObjectKey, Live] = {}
        bystanders: dict[ObjectKey, Bystander] = {}
        for row in contents.all("objects"):
            key = row.key
            if scope.wants(key, row.set_name):
                objects[key] = contents.live(row)
            else:
                bystanders[key] = rows.to_bystander(row)
        copies = [row for row in contents.all("copies") if scope.wants(row.key, row.set_name)]
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
                f"other users of this machine may read or write the store {database.shown}:"
                f" {names}; make the directory 0700 and the files 0600, all of them yours",
            ),
        )


def _create(contents: Contents, resource: Resource, applied: Applied | None) -> Live:
    key = resource.key if resource.name else _generated(contents, resource)
    has_namespace, vanished = contents.surroundings(key)
    if key.namespace and not has_namespace:
        raise ObjectNotFound(
            f"{key}: the namespace {key.namespace!r} does not exist",
            hint="create it first, or add its manifest",
        )
    live = Live(
        **{name: getattr(resource, name) for name in _CONTENT} | {"key": key},
        uid=new_uid(),
        resource_version=contents.next_version(),
        created=now_text(),
        applied=applied,
    )
    if not contents.add(live):
        return _taken_over(contents, live)
    contents.drop_copy(key)
    if vanished:
        contents.forget_vanished(key)
    if key.kind == NAMESPACE:
        seeds.add_account(contents, key.name)
    return live


def _taken_over(contents: Contents, live: Live) -> Live:
    """Put `live` in the place of an object that nobody asked for or has touched."""
    found = contents.find(live.key)
    assert found is not None
    if not rows.is_automatic(found, contents.sealer):
        raise ObjectExists(f"{live.key} exists already")
    return contents.rewrite(dataclasses.replace(live, uid=found.uid, created=found.created))


def _generated(contents: Contents, resource: Resource) -> ObjectKey:
    for _ in range(_NAME_DRAWS):
        key = resource.key._replace(name=drawn_name(resource.generate_name))
        if contents.find(key) is None:
            return key
    raise ObjectExists(
        f"{resource.key}: every name drawn for {resource.generate_name!r} is taken",
        hint="try again, or use a longer generateName",
    )


def _expected(contents: Contents, key: ObjectKey, precondition: Precondition) -> Live:
    row = contents.find(key)
    if row is None:
        contents.refuse_lost(key)
        raise ObjectNotFound(f"{key} does not exist")
    if row.uid != precondition.uid:
        raise ObjectMoved(f"{key} was deleted and created again since it was read")
    if str(row.version) != precondition.resource_version:
        raise ObjectMoved(
            f"{key} was changed since it was read: its resource version is {row.version} and not"
            f" {precondition.resource_version}"
        )
    return contents.live(row)


def _updated(live: Live, patch: tuple[Operation, ...], applied: Applied) -> Live:
    try:
        document = patched(to_document(live), patch)
    except PatchMisfit:
        raise ObjectInvalid(f"{live.key}: the patch does not fit the object") from None
    content = from_document(live.key, document, live.generate_name)
    return dataclasses.replace(
        live,
        **{name: getattr(content, name) for name in _CONTENT},
        applied=applied,
    )


def _refuse(key: ObjectKey, violations: Iterable[rules.Violation]) -> None:
    faults = tuple(violations)
    if faults:
        texts = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        hints = "; ".join(dict.fromkeys(fault.hint for fault in faults if fault.hint))
        raise ObjectInvalid(f"{key}: {texts}", hint=hints)
