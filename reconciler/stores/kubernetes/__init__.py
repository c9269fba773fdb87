"""The store ``kubernetes:[CONTEXT]``: a cluster, reached as kubectl would reach it.

Opening it is what imports the official client: the rights and roles do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.store import Opening
    from reconciler.stores.kubernetes.store import KubernetesStore

OPTIONS = frozenset({"kubeconfig", "kube-context", "set-namespace"})
"""The options of the command line that only this store has."""

DEFAULT_SET_NAMESPACE = "default"


def open_store(opening: Opening) -> KubernetesStore:
    """Open the store ``kubernetes:CONTEXT``; without a context, the kubeconfig's current one.

    Raises:
        ConfigError: the kubeconfig, or a key in the environment, cannot be used.
    """
    from reconciler.stores.keys import given_fingerprint_key
    from reconciler.stores.kubernetes.kubeconfig import connect
    from reconciler.stores.kubernetes.store import KubernetesStore

    options = opening.options
    fingerprint_key = given_fingerprint_key(opening.environ)
    context = options.get("kube-context") or opening.url.partition(":")[2]
    connection = connect(context, options.get("kubeconfig", ""), opening.environ, opening.workers)
    namespace = options.get("set-namespace") or DEFAULT_SET_NAMESPACE
    return KubernetesStore(connection, namespace, opening.workers, fingerprint_key)
