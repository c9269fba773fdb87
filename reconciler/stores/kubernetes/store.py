"""A cluster as a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from reconciler.errors import RightsMissing
from reconciler.model.announcements import Announcement
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store
from reconciler.stores.kit.sessions import given_back
from reconciler.stores.kubernetes import debts, paths, reading, rights
from reconciler.stores.kubernetes.ahead import PARENT, Ahead
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.leases import Lease
from reconciler.stores.kubernetes.reads import ClusterRead
from reconciler.stores.kubernetes.session import KubernetesSession
from reconciler.stores.kubernetes.sets import ClusterSet
from reconciler.stores.kubernetes.writing import Writer

SCHEME = "kubernetes"

_CAPABILITIES = frozenset(Capability) - {
    Capability.MEMORY,
    Capability.ONE_WRITER,
    Capability.ROTATION,
}


class KubernetesStore(Store):
    """See `reconciler.model.store.Store`, `Trying` and `Announcing`.

    `fingerprint_key` is the key of the environment, used instead of each set's own.
    """

    capabilities = _CAPABILITIES
    session_type = KubernetesSession

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
        self._given_key = fingerprint_key
        self._ahead: Ahead | None = None

    def read_ahead(self, set_name: str) -> None:
        """Begin to read the parent and the members of the set."""
        if self._ahead is None:
            self._ahead = Ahead(self._set(set_name))

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants, without the values of other objects."""
        return self._read(scope)[0]

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

    @contextmanager
    def session(self, set_name: str, holder: str, seconds: float) -> Iterator[Session]:
        """Hold the set's Lease; gives the set its parent where it has none."""
        cluster_set = self._set(set_name)
        parent = cluster_set.find_or_create()
        lease = Lease.of(cluster_set)
        lease.take(holder, seconds)
        with given_back(lambda: lease.give_back(holder)):
            yield self.session_type(
                cluster_set=cluster_set,
                read=self._read,
                writer=self._writer(),
                lease=lease,
                holder=holder,
                fingerprint_key=self._given_key or parent.fingerprint_key,
            )

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's Lease as a lock."""
        return Lease.of(self._set(set_name)).read()

    def history(self, set_name: str) -> tuple[Run, ...]:
        """The runs that the set's parent keeps."""
        parent = self._set(set_name).find()
        return () if parent is None else parent.runs

    def break_lock(self, lock: Lock) -> None:
        """Delete the set's Lease where it still is that lock, whoever holds it."""
        Lease.of(self._set(lock.set_name)).remove(lock)

    def try_create(self, resource: Resource, applied: Applied | None) -> Live:
        """What the server would answer to a create."""
        return self._writer().create(resource, applied, dry_run=True)

    def try_update(self, before: Live, patch: tuple[Operation, ...], applied: Applied) -> Live:
        """What the server would answer to an update of `before`."""
        writer = self._writer()
        writer.has_seen(before)
        seen = Precondition.of(before)
        return writer.update(before.key, patch, applied, seen, dry_run=True)

    def try_delete(self, before: Live) -> None:
        """Let the server try to delete `before`."""
        writer = self._writer()
        writer.has_seen(before)
        writer.delete(before.key, Precondition.of(before), dry_run=True)

    def announce(self, set_name: str, announcements: Sequence[Announcement]) -> None:
        """Write Events about the objects and about the set's parent.

        Raises:
            RightsMissing: this user may not.
        """
        from reconciler.stores.kubernetes import events

        cluster_set = self._set(set_name)
        parent = cluster_set.find()
        first = replace(announcements[0], uid="" if parent is None else parent.uid)
        chosen = events.chosen([first, *announcements[1:]], cluster_set.key)
        drifted = {each.key.namespace for each in chosen if each.key is not None and each.text}
        wanted = events.rights({self._set_namespace, *drifted})
        missing = rights.missing(wanted, self._is_allowed)
        if missing:
            raise events.refusal(missing)
        events.write(self._connection, cluster_set.id, chosen)

    def close(self) -> None:
        """Close the connections."""
        if self._ahead is not None:
            self._connection.cut()  # what is still being read, nobody wants any more
        self._connection.close()

    def _read(self, scope: Scope) -> tuple[Snapshot, ClusterRead]:
        cluster_set, ahead = self._set(scope.set_name), self._ahead
        find = cluster_set.find
        parent = find() if ahead is None else ahead.taken(scope.set_name, PARENT, find)
        namespaces = () if parent is None else parent.namespaces
        result = reading.read(
            self._connection,
            scope,
            cluster_set.id,
            {self._set_namespace, *namespaces},
            self._workers,
            ahead=ahead,
        )
        kept_key = None if parent is None else parent.fingerprint_key
        snapshot = Snapshot(
            identity=StoreIdentity(
                SCHEME, "" if parent is None else parent.uid, self._connection.shown
            ),
            capabilities=_CAPABILITIES,
            objects=result.objects,
            bystanders=result.bystanders,
            copies=result.copies,
            consumers=result.consumers,
            unseen=result.unseen,
            workloads=result.workloads,
            owed={} if parent is None else debts.owed(parent.debts, result.objects),
            fingerprint_key=self._given_key or kept_key,
            notices=tuple(sorted(result.notices, key=lambda note: (note.code, note.message))),
        )
        return snapshot, result

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

    def _set(self, set_name: str) -> ClusterSet:
        return ClusterSet(self._connection, set_name, self._set_namespace)

    def _writer(self) -> Writer:
        return Writer(self._connection, self._set_namespace)
