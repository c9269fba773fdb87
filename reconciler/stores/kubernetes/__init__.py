"""The store ``kubernetes:[CONTEXT]``: a cluster, reached as kubectl would reach it.

Opening it is what imports the official client: the rights and roles do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.stores.backend import ALLOW_RUN, KUBE_CONTEXT, KUBECONFIG, SET_NAMESPACE, Backend

if TYPE_CHECKING:
    from reconciler.model.opening import Opening
    from reconciler.stores.kubernetes.store import KubernetesStore

DEFAULT_SET_NAMESPACE = "default"


class KubernetesBackend(Backend):
    """See `reconciler.stores.backend.Backend`."""

    scheme = "kubernetes"
    options = (KUBECONFIG, KUBE_CONTEXT, SET_NAMESPACE, ALLOW_RUN)
    has_server = True

    def open(self, opening: Opening) -> KubernetesStore:
        """Open the store ``kubernetes:CONTEXT``; without a context, the current one."""
        from reconciler.stores.keys import given_fingerprint_key
        from reconciler.stores.kubernetes.kubeconfig import connect
        from reconciler.stores.kubernetes.store import KubernetesStore

        options = opening.options
        fingerprint_key = given_fingerprint_key(opening.environ)
        context = options.get("context") or opening.url.partition(":")[2]
        file = options.get("kubeconfig", "")
        trusted = bool(options.get(ALLOW_RUN.name))
        connection = connect(context, file, opening.environ, trusted=trusted)
        namespace = options.get("set-namespace") or DEFAULT_SET_NAMESPACE
        return KubernetesStore(connection, namespace, opening.workers, fingerprint_key)


BACKEND: Backend = KubernetesBackend()
