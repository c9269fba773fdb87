"""The store of Alibaba Cloud's Serverless App Engine: ``sae://REGION``, through its SDK."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.errors import ConfigError
from reconciler.model.options import Option, OptionKind
from reconciler.stores.backend import SET_NAMESPACE, Backend

if TYPE_CHECKING:
    from reconciler.model.objects import Resource
    from reconciler.model.opening import Opening, StoreChoice
    from reconciler.rules import Violation
    from reconciler.stores.sae.pace import Patience
    from reconciler.stores.sae.store import SaeStore

DEFAULT_QPS = 20.0

_SAE_NAMESPACES = Option(
    name="sae-namespaces",
    kind=OptionKind.MAP,
    metavar="NAME=ID,...",
    default_text="REGION:NAME",
    help="Namespaces whose NamespaceId is not REGION:NAME.",
)
_QPS = Option(
    name="qps",
    kind=OptionKind.RATE,
    metavar="N",
    default_text="20",
    help="Maximum number of calls per second.",
)


class SaeBackend(Backend):
    """See `reconciler.stores.backend.Backend`. `patience` says how calls are repeated."""

    scheme = "sae"
    options = (SET_NAMESPACE, _SAE_NAMESPACES, _QPS)
    has_server = True

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        """What the service would refuse."""
        from reconciler.stores.sae.checks import check

        yield from check(resource, choice.url)

    def open(self, opening: Opening) -> SaeStore:
        """Open the store ``sae://REGION[?endpoint=HOST][&names=hyphens]``; asks nothing yet."""
        from reconciler.stores.keys import given_fingerprint_key
        from reconciler.stores.sae.places import DEFAULT_NAMESPACE, place_of
        from reconciler.stores.sae.service import Service
        from reconciler.stores.sae.store import SaeStore

        options = opening.options
        place = place_of(opening.url, options.get("sae-namespaces", ""))
        qps = _qps(options.get("qps", ""))
        home = options.get("set-namespace") or DEFAULT_NAMESPACE
        service = Service(
            place, opening.environ, workers=opening.workers, qps=qps, patience=self._patience
        )
        key = given_fingerprint_key(opening.environ)
        return SaeStore(service, place, home, opening.workers, key)


BACKEND: Backend = SaeBackend()


def _qps(text: str) -> float:
    try:
        qps = float(text or DEFAULT_QPS)
    except ValueError:
        qps = 0.0
    if not (math.isfinite(qps) and qps > 0):
        raise ConfigError("--qps must be a number above 0", hint="it is calls per second")
    return qps
