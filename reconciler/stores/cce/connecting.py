"""Connects to a cluster, by any of the ways."""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from kubernetes import client

from reconciler.errors import ConfigError, StoreError
from reconciler.stores.cce.endpoints import endpoint
from reconciler.stores.cce.gateway import Renewed, Signed
from reconciler.stores.cce.places import Auth, Place
from reconciler.stores.kubernetes.connection import Connection, Pool, retried
from reconciler.stores.kubernetes.kubeconfig import connect, pool_of

_CLUSTER_ID = "X-Cluster-ID"
_VERIFYING = ("externalTLSVerify", "internal")
_NO_USE = "the certificate that the service gives cannot be used"


def connection(
    place: Place, options: Mapping[str, str], environ: Mapping[str, str], workers: int
) -> Connection:
    """The connection to `place`.

    Raises:
        ConfigError: something that is needed is not there, or cannot be used.
        StoreError: Huawei Cloud refuses the credentials, or cannot be reached.
    """
    if place.auth is Auth.KUBECONFIG:
        context, file = options.get("context", ""), options.get("kubeconfig", "")
        return connect(context, file, environ, workers)
    from reconciler.stores.cce import cloud

    if place.auth is Auth.CERTIFICATE:
        document = retried(lambda: cloud.cluster_certificate(place, environ))
        return _with_certificate(document, options.get("context", ""), workers)
    settings = client.Configuration()
    settings.host = endpoint("CCE", place.region, environ)
    plain = pool_of(settings, workers)
    pool: Pool
    if place.auth is Auth.TOKEN:
        pool = Renewed(plain, cloud.tokens(place, environ))
    else:
        pool = Signed(plain, retried(lambda: cloud.signature(place, environ)))
    return Connection(settings.host, pool, lambda: {_CLUSTER_ID: place.cluster})


def _with_certificate(document: Mapping[str, Any], context: str, workers: int) -> Connection:
    """A connection from the kubeconfig that `create_kubernetes_cluster_cert` returns."""
    cluster, user = _chosen(document, context)
    settings = client.Configuration()
    settings.host = str(cluster["server"]).rstrip("/")
    pool = pool_of(settings, workers)
    try:
        authority = _decoded(cluster, "certificate-authority-data").decode()
        trusted = ssl.create_default_context(cadata=authority)
        _load_certificate(trusted, user)
    except (KeyError, ValueError, binascii.Error, ssl.SSLError):
        raise StoreError(_NO_USE, hint="try another way: auth=aksk in the store's URL") from None
    pool.connection_pool_kw["ssl_context"] = trusted
    return Connection(settings.host, pool)


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


def _load_certificate(trusted: ssl.SSLContext, user: Mapping[str, Any]) -> None:
    """OpenSSL reads certificate and key from files; these are in no directory."""
    with ExitStack() as open_files:
        places = []
        for content in _pair(user):
            file = open_files.enter_context(tempfile.TemporaryFile())
            file.write(content)
            file.seek(0)
            places.append(f"/dev/fd/{file.fileno()}")
        trusted.load_cert_chain(*places)


def _pair(user: Mapping[str, Any]) -> Iterator[bytes]:
    for name in ("client-certificate-data", "client-key-data"):
        yield _decoded(user, name)


def _decoded(entry: Mapping[str, Any], name: str) -> bytes:
    return base64.b64decode(entry[name], validate=True)
