"""The stores, one module each, imported when their scheme is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping

from reconciler.errors import ConfigError
from reconciler.model.objects import Desired, Diagnostic
from reconciler.model.store import Opening, Store
from reconciler.rules import Violation

DEFAULT_STORE = "sqlite:.reconciler/store.db"

_MODULES = {
    "cce": "reconciler.stores.cce",
    "docker": "reconciler.stores.docker",
    "kubernetes": "reconciler.stores.kubernetes",
    "sae": "reconciler.stores.sae",
    "sqlite": "reconciler.stores.sqlite",
}
"""From the scheme of a store's URL to the module whose ``open_store`` opens it."""

_CHECKS: dict[str, str] = {
    "cce": "reconciler.stores.cce.dialect",
    "docker": "reconciler.stores.docker.layout",
    "sae": "reconciler.stores.sae.checks",
}
"""The module whose ``check`` says what that store refuses and an API server accepts.

It takes a `Resource` and the store's URL, yields a `Violation` for each thing that is wrong with
the resource, and asks nobody.
"""


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
    scheme = _scheme(url)
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


def options_of(url: str) -> frozenset[str]:
    """The options of the command line that only the store of that URL and a few others have.

    Raises:
        ConfigError: no store has that scheme.
    """
    known: frozenset[str] = importlib.import_module(_MODULES[_scheme(url)]).OPTIONS
    return known


def check(url: str, desired: Iterable[Desired]) -> Iterator[Diagnostic]:
    """What the store that `url` names would refuse of `desired`. Asks no server.

    Raises:
        ConfigError: no store has that scheme.
    """
    scheme = _scheme(url)
    if scheme not in _CHECKS:
        return
    module = importlib.import_module(_CHECKS[scheme])
    for resource in desired:
        for violation in module.check(resource, url):
            yield _diagnostic(resource, violation)


def _scheme(url: str) -> str:
    scheme = url.partition(":")[0]
    if scheme not in _MODULES:
        known = ", ".join(f"{name}:" for name in sorted(_MODULES))
        # The URL itself is not shown: it may hold a password.
        raise ConfigError(
            "the store's URL starts with no scheme that is known",
            hint=f"it starts with one of {known} and is, for example, {DEFAULT_STORE}",
        )
    return scheme


def _diagnostic(resource: Desired, violation: Violation) -> Diagnostic:
    return Diagnostic(
        severity=violation.severity,
        code=violation.code,
        message=violation.message,
        field=violation.field,
        source=resource.source,
        object=str(resource.key._replace(name=resource.name or resource.generate_name)),
        hint=violation.hint,
    )
