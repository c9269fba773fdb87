"""A cluster of CCE as a store: that of Kubernetes, with the service's names for things."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.objects import Applied, Live, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import StoreIdentity
from reconciler.model.store import Scope, Snapshot
from reconciler.stores.cce.dialect import Spellings, spelled_as, understood
from reconciler.stores.cce.places import SCHEME
from reconciler.stores.cce.session import CceSession
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.reads import ClusterRead
from reconciler.stores.kubernetes.store import KubernetesStore


class CceStore(KubernetesStore):
    """See `reconciler.model.store.Store` and `Trying`.

    Plans name the cluster by its id, so that one that was made by one way can be applied by
    another. A type is shown as the manifest spells it where it is the same to a server.
    """

    session_type = CceSession

    def __init__(
        self,
        cluster: str,
        connection: Connection,
        set_namespace: str,
        workers: int,
        fingerprint_key: bytes | None,
    ) -> None:
        super().__init__(connection, set_namespace, workers, fingerprint_key)
        self._cluster = cluster

    def try_create(self, resource: Resource, applied: Applied | None) -> Live:
        """What the server would answer to a create of `resource`, with the type that it knows."""
        return spelled_as(resource.type, super().try_create(understood(resource), applied))

    def try_update(self, before: Live, patch: tuple[Operation, ...], applied: Applied) -> Live:
        """What the server would answer to an update of `before`."""
        return spelled_as(before.type, super().try_update(before, patch, applied))

    def _read(self, scope: Scope) -> tuple[Snapshot, ClusterRead]:
        snapshot, result = super()._read(scope)
        spellings = Spellings.of(scope.desired)
        shown = replace(
            snapshot,
            identity=StoreIdentity(SCHEME, snapshot.identity.id, self._cluster),
            objects={key: spellings.shown(live) for key, live in snapshot.objects.items()},
            copies={key: spellings.shown(live) for key, live in snapshot.copies.items()},
        )
        return shown, result
