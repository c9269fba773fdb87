"""The stores, one module each, imported when their scheme is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from reconciler.errors import ConfigError
from reconciler.model.store import Opening, Store

DEFAULT_STORE = "sqlite:.reconciler/store.db"

_MODULES = {
    "sqlite": "reconciler.stores.sqlite",
}
"""From the scheme of a store's URL to the module whose ``open_store`` opens it."""


def open_store(
    url: str,
    environ: Mapping[str, str],
    *,
    workers: int = 10,
    options: Mapping[str, str] | None = None,
) -> Store:
    """Open the store that `url` names; ``SCHEME`` alone stands for ``SCHEME:``.

    See `reconciler.model.store.Opening` for the rest.

    Raises:
        ConfigError: no store has that scheme, or the store cannot use its settings.
    """
    scheme = url.partition(":")[0]
    if scheme not in _MODULES:
        known = ", ".join(f"{name}:" for name in sorted(_MODULES))
        # The URL itself is not shown: it may hold a password.
        raise ConfigError(
            "the store's URL starts with no scheme that is known",
            hint=f"it starts with one of {known} and is, for example, {DEFAULT_STORE}",
        )
    module = importlib.import_module(_MODULES[scheme])
    asked = {name: value for name, value in (options or {}).items() if value}
    unknown = sorted(asked.keys() - module.OPTIONS)
    if unknown:
        named = ", ".join(f"--{name}" for name in unknown)
        raise ConfigError(f"{named}: the store {scheme}: has no such option")
    store: Store = module.open_store(
        Opening(url=url, environ=environ, workers=workers, options=asked)
    )
    return store
