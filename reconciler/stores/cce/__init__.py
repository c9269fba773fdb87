"""The store ``cce://CLUSTER-ID``: a cluster of Huawei Cloud's Cloud Container Engine.

It is the store of Kubernetes, reached in the ways that Huawei Cloud offers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.stores.backend import ALLOW_RUN, KUBE_CONTEXT, KUBECONFIG, SET_NAMESPACE, Backend

if TYPE_CHECKING:
    from reconciler.model.objects import Resource
    from reconciler.model.opening import Opening, StoreChoice
    from reconciler.rules import Violation
    from reconciler.stores.cce.store import CceStore


class CceBackend(Backend):
    """See `reconciler.stores.backend.Backend`."""

    scheme = "cce"
    options = (KUBECONFIG, KUBE_CONTEXT, SET_NAMESPACE, ALLOW_RUN)
    has_server = True

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        """Types that Huawei Cloud's page spells differently."""
        from reconciler.stores.cce.dialect import check

        del choice
        yield from check(resource)

    def open(self, opening: Opening) -> CceStore:
        """Open the store ``cce://CLUSTER-ID[?region=REGION][&auth=WAY]``."""
        from reconciler.stores.cce.connecting import connection
        from reconciler.stores.cce.places import place_of
        from reconciler.stores.cce.store import CceStore
        from reconciler.stores.keys import given_fingerprint_key
        from reconciler.stores.kubernetes import DEFAULT_SET_NAMESPACE

        options = opening.options
        fingerprint_key = given_fingerprint_key(opening.environ)
        place = place_of(opening.url, options, opening.environ)
        connected = connection(place, options, opening.environ)
        namespace = options.get("set-namespace") or DEFAULT_SET_NAMESPACE
        return CceStore(place.cluster, connected, namespace, opening.workers, fingerprint_key)


BACKEND: Backend = CceBackend()
