"""A session of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from reconciler.errors import ObjectNotFound
from reconciler.model.history import Run
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Precondition
from reconciler.model.store import Scope, Session, Snapshot
from reconciler.stores.kubernetes import debts, paths, rollouts, waits
from reconciler.stores.kubernetes.leases import Lease
from reconciler.stores.kubernetes.reads import ClusterRead
from reconciler.stores.kubernetes.sets import ClusterSet
from reconciler.stores.kubernetes.writing import Writer

_WITHOUT_MEMBERS = {Action.DELETE, Action.RELEASE, Action.RESTART}


class KubernetesSession(Session):
    """See `reconciler.model.store.Session` and `Restarting`."""

    def __init__(
        self,
        *,
        cluster_set: ClusterSet,
        read: Callable[[Scope], tuple[Snapshot, ClusterRead]],
        writer: Writer,
        lease: Lease,
        holder: str,
        fingerprint_key: bytes,
    ) -> None:
        self._set = cluster_set
        self._read = read
        self._writer = writer
        self._lease = lease
        self._holder = holder
        self._key = fingerprint_key
        self._objects: Mapping[ObjectKey, Live] = {}

    @property
    def fingerprint_key(self) -> bytes:
        """The key of the environment, or that of the set's parent."""
        return self._key

    def renew(self, seconds: float) -> None:
        """Extend the Lease."""
        self._lease.renew(self._holder, seconds)

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants, without the values of other objects."""
        snapshot, result = self._read(scope)
        self._writer.has_read(result)
        self._objects = result.objects
        return snapshot

    def begin(self, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Note with the parent in which namespaces the set will have members; tidy away copies."""
        used = {key.namespace for action, key in work if action not in _WITHOUT_MEMBERS}
        self._set.note_namespaces(used)
        self._writer.tidy()

    def note(self, run: Run) -> None:
        """Put `run` among those that the parent keeps."""
        self._set.note(run)

    def owe(self, restarts: Mapping[ObjectKey, Collection[ObjectKey]]) -> None:
        """Note with the parent which workloads are to be restarted, and for which Secrets."""
        self._set.note_debts(lambda held: debts.noted(restarts, held, self._objects))

    def restart(self, key: ObjectKey, uid: str, moment: datetime) -> str:
        """See `rollouts.restart`."""
        return rollouts.restart(self._set.connection, key, uid, moment)

    def rollout(self, key: ObjectKey) -> str:
        """See `rollouts.rollout`."""
        return rollouts.rollout(self._set.connection, key)

    def restarted(self, key: ObjectKey) -> None:
        """Take the workload out of what the parent has noted."""
        self._set.note_debts(
            lambda held: {other: secrets for other, secrets in held.items() if other != key}
        )

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        """See `Writer.create`."""
        return self._writer.create(resource, applied)

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
    ) -> Live:
        """See `Writer.update`."""
        return self._writer.update(key, patch, applied, precondition)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition | None,
        *,
        keep_copy: bool = False,
        released: bool = False,
    ) -> str:
        """Delete the object where it still is what the plan saw."""
        del released  # a cluster remembers nothing of what is gone
        if precondition is None:
            self._writer.drop_copy(key)
            return ""
        copy_for = self._set.name if keep_copy else None
        return self._writer.delete(key, precondition, copy_for=copy_for)

    def look(self, key: ObjectKey) -> Live | None:
        """The object as it is now."""
        return self._writer.look(key)

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        """Look at the object once more."""
        try:
            document = self._set.connection.get(paths.of(key), str(key))
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
