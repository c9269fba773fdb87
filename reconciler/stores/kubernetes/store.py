"""A cluster as a store."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import ObjectNotFound, RightsMissing, StoreError
from reconciler.model.locks import Lock
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.stores.kubernetes import leases, paths, reading, rights, sets, waits
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.writing import Writer

SCHEME = "kubernetes"

_CAPABILITIES = frozenset(Capability) - {Capability.ONE_WRITER, Capability.ROTATION}


class KubernetesStore:
    """See `reconciler.model.store.Store`.

    `fingerprint_key` is the one that the environment gives, in place of each set's own.
    """

    def __init__(
        self,
        connection: Connection,
        set_namespace: str,
        workers: int,
        fingerprint_key: bytes | None,
    ) -> None:
        self._connection = connection
        self._set_namespace = set_namespace
        self._workers = workers
        self._writer = Writer(connection, self._set_id)
        self._set_ids: dict[str, str] = {}
        self._given_key = fingerprint_key
        self._keys: dict[str, bytes] = {}

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What a cluster can do."""
        return _CAPABILITIES

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants, and nothing of the values of others."""
        parent = sets.find(self._connection, scope.set_name, self._set_namespace)
        namespaces = () if parent is None else parent.namespaces
        found = reading.read(
            self._connection,
            scope,
            self._set_id(scope.set_name),
            {self._set_namespace, *namespaces},
            self._workers,
        )
        self._writer.has_read(found)
        if parent is not None:
            self._keep_key(scope.set_name, parent)
        return Snapshot(
            identity=StoreIdentity(
                SCHEME, "" if parent is None else parent.uid, self._connection.shown
            ),
            capabilities=_CAPABILITIES,
            objects=found.objects,
            bystanders=found.bystanders,
            copies=found.copies,
            consumers=found.consumers,
            unseen=found.unseen,
            fingerprint_key=self._given_key or self._keys.get(scope.set_name),
            notices=tuple(sorted(found.notices, key=lambda note: (note.code, note.message))),
        )

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Ask the server for every right that `work` needs.

        Raises:
            RightsMissing: some are missing.
        """
        wanted = rights.needed(set_name, self._set_namespace, work)
        missing = rights.missing(wanted, self._is_allowed)
        if missing:
            raise RightsMissing(
                "this user may not do what the plan says, so nothing was applied",
                details=[f"missing: {right}" for right in missing],
                hint="reconciler rbac prints the roles that are needed",
            )

    def lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Take the set's Lease, or extend it; gives the set its parent where it has none."""
        if set_name not in self._keys:
            parent = sets.found_or_made(self._connection, set_name, self._set_namespace)
            self._keep_key(set_name, parent)
        self._lease_of(set_name).take(holder, seconds)

    def renew_lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Extend the Lease that `holder` has."""
        self._lease_of(set_name).renew(holder, seconds)

    def unlock(self, set_name: str, holder: str) -> None:
        """Give the Lease back, where `holder` has it."""
        self._lease_of(set_name).give_back(holder)

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's Lease as a lock."""
        return self._lease_of(set_name).read()

    def break_lock(self, lock: Lock) -> None:
        """Delete the set's Lease where it still is that lock, whoever holds it."""
        self._lease_of(lock.set_name).remove(lock)

    def begin(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Note with the parent in which namespaces the set will have members; tidy away copies."""
        used = {key.namespace for action, key in work if action is not Action.DELETE}
        sets.note_namespaces(self._connection, set_name, self._set_namespace, used)
        self._writer.tidy()

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """See `reconciler.stores.kubernetes.writing.Writer.create`."""
        return self._writer.create(resource, applied, dry_run=dry_run)

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied,
        precondition: Precondition,
        *,
        dry_run: bool = False,
    ) -> Live:
        """See `reconciler.stores.kubernetes.writing.Writer.update`."""
        return self._writer.update(key, patch, applied, precondition, dry_run=dry_run)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition,
        *,
        keep_copy: bool = False,
        released: bool = False,
        dry_run: bool = False,
    ) -> str:
        """Delete the object where it still is what the plan saw."""
        del released  # a cluster remembers nothing of what is gone
        return self._writer.delete(key, precondition, keep_copy=keep_copy, dry_run=dry_run)

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        """Look at the object once more."""
        try:
            document = self._connection.get(paths.of(key), str(key))
        except ObjectNotFound:
            if deleted_uid:
                return ""
            raise ObjectNotFound(
                f"{key} was created, and deleted by somebody else or by a controller",
                hint="a token whose ServiceAccount does not exist is deleted at once",
            ) from None
        if not deleted_uid:
            return waits.creation(document, key.kind)
        if document["metadata"]["uid"] != deleted_uid:
            return ""
        return waits.deletion(document, key.kind)

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy kept of `key`, where there is one."""
        self._writer.drop_copy(key)

    def fingerprint_key(self, set_name: str) -> bytes:
        """The key that the environment gives, or the one that the set's parent holds."""
        if set_name not in self._keys:
            parent = sets.find(self._connection, set_name, self._set_namespace)
            if parent is None:
                raise StoreError(f"the set {set_name!r} does not exist in this cluster yet")
            self._keep_key(set_name, parent)
        return self._keys[set_name]

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _is_allowed(self, right: rights.Right) -> bool:
        """Ask the server (API reference: SelfSubjectAccessReview v1 authorization.k8s.io)."""
        wanted = {
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "namespace": right.namespace,
            "name": right.name,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {name: text for name, text in wanted.items() if text}},
        }
        answer = self._connection.ask(paths.ACCESS_REVIEWS, "the rights of this user", review)
        return bool(answer["status"].get("allowed"))

    def _keep_key(self, set_name: str, parent: sets.Parent) -> None:
        self._keys[set_name] = self._given_key or parent.fingerprint_key

    def _lease_of(self, set_name: str) -> leases.Lease:
        name = sets.key_of(set_name, self._set_namespace).name
        return leases.Lease(self._connection, self._set_namespace, name, set_name)

    def _set_id(self, set_name: str) -> str:
        if set_name not in self._set_ids:
            self._set_ids[set_name] = sets.id_of(set_name, self._set_namespace)
        return self._set_ids[set_name]
