"""Connects to a cluster, by any of the ways."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from reconciler.errors import ConfigError, StoreError
from reconciler.stores.backend import ALLOW_RUN
from reconciler.stores.cce.endpoints import endpoint
from reconciler.stores.cce.gateway import Renewed, Signed
from reconciler.stores.cce.places import Auth, Place
from reconciler.stores.kubernetes.connection import Connection, Pool, retried
from reconciler.stores.kubernetes.kubeconfig import connect
from reconciler.stores.kubernetes.reaching import Access, pool_of, proxy_settings

_CLUSTER_ID = "X-Cluster-ID"
_VERIFYING = ("externalTLSVerify", "internal")
_NO_USE = "the certificate that the service gives cannot be used"


def connection(place: Place, options: Mapping[str, str], environ: Mapping[str, str]) -> Connection:
    """The connection to `place`.

    Raises:
        ConfigError: something that is needed is not there, or cannot be used.
        StoreError: Huawei Cloud refuses the credentials, or cannot be reached.
    """
    if place.auth is Auth.KUBECONFIG:
        context, file = options.get("context", ""), options.get("kubeconfig", "")
        return connect(context, file, environ, trusted=bool(options.get(ALLOW_RUN.name)))
    from reconciler.stores.cce import cloud

    if place.auth is Auth.CERTIFICATE:
        document = retried(lambda: cloud.cluster_certificate(place, environ))
        return _with_certificate(document, options.get("context", ""), environ)
    address = endpoint("CCE", place.region, environ)
    plain = pool_of(Access(address, proxy=proxy_settings(environ, address)))
    pool: Pool
    if place.auth is Auth.TOKEN:
        pool = Renewed(plain, cloud.tokens(place, environ))
    else:
        pool = Signed(plain, retried(lambda: cloud.signature(place, environ)))
    return Connection(address, pool, lambda: {_CLUSTER_ID: place.cluster})


def _with_certificate(
    document: Mapping[str, Any], context: str, environ: Mapping[str, str]
) -> Connection:
    """A connection from the kubeconfig that `create_kubernetes_cluster_cert` returns."""
    cluster, user = _chosen(document, context)
    address = str(cluster["server"]).rstrip("/")
    try:
        access = Access(
            address,
            _decoded(cluster, "certificate-authority-data"),
            proxy=proxy_settings(environ, address),
            certificate=_decoded(user, "client-certificate-data"),
            key=_decoded(user, "client-key-data"),
        )
        return Connection(address, pool_of(access))
    except (KeyError, ValueError, binascii.Error, ConfigError):
        raise StoreError(_NO_USE, hint="try another way: auth=aksk in the store's URL") from None


def _chosen(document: Mapping[str, Any], context: str) -> tuple[Mapping[str, Any], Any]:
    """The cluster and user of `context`, or else of a context whose server can be verified.

    The service often chooses the context ``external``, whose server cannot be verified.
    """
    clusters = {entry["name"]: entry["cluster"] for entry in document.get("clusters") or ()}
    users = {entry["name"]: entry["user"] for entry in document.get("users") or ()}
    contexts = {entry["name"]: entry["context"] for entry in document.get("contexts") or ()}
    safe = [
        name
        for name, entry in contexts.items()
        if clusters.get(entry.get("cluster"), {}).get("certificate-authority-data")
    ]
    wanted = [context] if context else [str(document.get("current-context")), *_VERIFYING, *safe]
    name = next((name for name in wanted if name in safe), None)
    if name is None:
        usable = ", ".join(safe) or "none"
        raise ConfigError(
            "the service knows no such context whose server can be verified"
            if context
            else "the service gives no address of the cluster whose server can be verified",
            hint=f"contexts that can be: {usable}; or use the gateway: auth=aksk in the store's"
            " URL",
        )
    return clusters[contexts[name]["cluster"]], users.get(contexts[name].get("user"), {})


def _decoded(entry: Mapping[str, Any], name: str) -> bytes:
    return base64.b64decode(entry[name], validate=True)
