"""A session of a cluster of CCE: that of Kubernetes, with types as manifests spell them."""

from __future__ import annotations

from typing import Any

from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Scope, Snapshot
from reconciler.stores.cce.dialect import Spellings, spelled_as, understood
from reconciler.stores.kubernetes.session import KubernetesSession


class CceSession(KubernetesSession):
    """See `reconciler.model.store.Session`."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._spellings = Spellings({})

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants."""
        self._spellings = Spellings.of(scope.desired)
        return super().read(scope)

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        """Create `resource`, with its type as a server knows it."""
        return spelled_as(resource.type, super().create(understood(resource), applied))

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
    ) -> Live:
        """See `reconciler.stores.kubernetes.writing.Writer.update`."""
        return self._spellings.shown(super().update(key, patch, applied, precondition))

    def look(self, key: ObjectKey) -> Live | None:
        """The object as it is now."""
        live = super().look(key)
        return None if live is None else self._spellings.shown(live)
