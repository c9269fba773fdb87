"""The store of Alibaba Cloud's Serverless App Engine: ``sae://REGION``, through its SDK."""

from __future__ import annotations

import math

from reconciler.errors import ConfigError
from reconciler.model.store import Opening
from reconciler.stores.keys import given_fingerprint_key
from reconciler.stores.sae.places import DEFAULT_NAMESPACE, SCHEME, place_of
from reconciler.stores.sae.service import Service
from reconciler.stores.sae.store import SaeStore

__all__ = ["OPTIONS", "SCHEME", "SaeStore", "open_store"]

OPTIONS = frozenset({"qps", "sae-namespaces", "set-namespace"})
"""The options of the command line that not every store has."""

DEFAULT_QPS = 20.0


def open_store(opening: Opening) -> SaeStore:
    """Open the store ``sae://REGION[?endpoint=HOST][&names=hyphens]``; asks the service nothing.

    Raises:
        ConfigError: the URL or an option cannot be used, or the SDK is not installed.
    """
    options = opening.options
    place = place_of(opening.url, options.get("sae-namespaces", ""))
    qps = _qps(options.get("qps", ""))
    home = options.get("set-namespace") or DEFAULT_NAMESPACE
    service = Service(place, opening.environ, workers=opening.workers, qps=qps)
    key = given_fingerprint_key(opening.environ)
    return SaeStore(service, place, home, opening.workers, key)


def _qps(text: str) -> float:
    try:
        qps = float(text or DEFAULT_QPS)
    except ValueError:
        qps = 0.0
    if not (math.isfinite(qps) and qps > 0):
        raise ConfigError("--qps must be a number above 0", hint="it is calls per second")
    return qps
