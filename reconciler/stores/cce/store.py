"""A cluster of CCE as a store: that of Kubernetes, with the service's names for things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition, StoreIdentity
from reconciler.model.store import Scope, Snapshot
from reconciler.stores.cce.dialect import KNOWN_AS, understood
from reconciler.stores.cce.places import SCHEME
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.store import KubernetesStore


class CceStore(KubernetesStore):
    """See `reconciler.model.store.Store`.

    Plans name the cluster by its id, so that one that was made by one way can be applied by
    another. A type is shown as the manifest spells it where it is the same to a server.
    """

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
        self._spelled: Mapping[tuple[str, str, str], str] = {}

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants."""
        self._spelled = {
            (resource.namespace, resource.name, "" if resource.name else resource.generate_name): (
                resource.type
            )
            for resource in scope.desired
            if resource.type in KNOWN_AS
        }
        found = super().read(scope)
        return replace(
            found,
            identity=StoreIdentity(SCHEME, found.identity.id, self._cluster),
            objects={key: self._shown(live) for key, live in found.objects.items()},
            copies={key: self._shown(live) for key, live in found.copies.items()},
        )

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """Create `resource`, with its type as a server knows it."""
        live = super().create(understood(resource), applied, dry_run=dry_run)
        return _spelled_as(resource.type, live)

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
        live = super().update(key, patch, applied, precondition, dry_run=dry_run)
        return self._shown(live)

    def _shown(self, live: Live) -> Live:
        named = self._spelled.get((live.namespace, live.name, ""))
        drawn = self._spelled.get((live.namespace, "", live.generate_name))
        return _spelled_as(named or drawn or live.type, live)


def _spelled_as(spelling: str, live: Live) -> Live:
    same = KNOWN_AS.get(spelling) == live.type
    return replace(live, type=spelling) if same else live
