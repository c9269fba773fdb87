"""The store ``cce://CLUSTER-ID``: a cluster of Huawei Cloud's Cloud Container Engine.

It is the store of Kubernetes, reached in the ways that Huawei Cloud offers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.stores.cce.places import SCHEME, place_of

if TYPE_CHECKING:
    from reconciler.model.store import Opening
    from reconciler.stores.cce.store import CceStore

__all__ = ["OPTIONS", "SCHEME", "open_store"]

OPTIONS = frozenset({"kubeconfig", "kube-context", "set-namespace"})
"""The options of the command line that not every store has."""


def open_store(opening: Opening) -> CceStore:
    """Open the store ``cce://CLUSTER-ID[?region=REGION][&auth=WAY]``.

    Raises:
        ConfigError: the URL, an option or the environment cannot be used, or the SDK is not
            installed.
        StoreError: Huawei Cloud refuses the credentials, or cannot be reached.
    """
    from reconciler.stores.cce.connecting import connection
    from reconciler.stores.cce.store import CceStore
    from reconciler.stores.keys import given_fingerprint_key
    from reconciler.stores.kubernetes import DEFAULT_SET_NAMESPACE

    options = opening.options
    fingerprint_key = given_fingerprint_key(opening.environ)
    place = place_of(opening.url, options, opening.environ)
    found = connection(place, options, opening.environ, opening.workers)
    namespace = options.get("set-namespace") or DEFAULT_SET_NAMESPACE
    return CceStore(place.cluster, found, namespace, opening.workers, fingerprint_key)
