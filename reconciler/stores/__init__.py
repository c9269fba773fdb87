"""The stores: one package each, imported when its scheme is named."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from reconciler.errors import ConfigError
from reconciler.model.objects import Desired, Diagnostic
from reconciler.model.opening import DEFAULT_STORE, MadeOf, Opening, StoreChoice
from reconciler.model.options import Option
from reconciler.model.store import Store
from reconciler.spelling import did_you_mean
from reconciler.stores.backend import Backend

if TYPE_CHECKING:
    from reconciler.rules import Violation

ENTRY_POINTS = "reconciler.stores"
"""The group of entry points by which other packages provide stores; see `Backend`."""

_MODULES = {
    "cce": "reconciler.stores.cce",
    "docker": "reconciler.stores.docker",
    "git": "reconciler.stores.git",
    "kubernetes": "reconciler.stores.kubernetes",
    "sae": "reconciler.stores.sae",
    "snapshot": "reconciler.stores.snapshot",
    "sqlite": "reconciler.stores.sqlite",
}
"""From the scheme of a store's URL to the module that holds its ``BACKEND``."""


def backend_of(url: str) -> Backend:
    """The kind of store that `url` names; ``SCHEME`` alone stands for ``SCHEME:``.

    A package outside of this project is imported only where its scheme is named, and cannot take
    the place of a store of this project.

    Raises:
        ConfigError: no store has that scheme, or the package that provides it cannot be loaded.
    """
    scheme = url.partition(":")[0]
    if scheme in _MODULES:
        backend: Backend = importlib.import_module(_MODULES[scheme]).BACKEND
        return backend
    from importlib.metadata import entry_points  # takes as long to import as the rest

    for entry_point in entry_points(group=ENTRY_POINTS, name=scheme):
        return _loaded(entry_point.load, scheme)
    schemes = ", ".join(f"{name}:" for name in sorted(_MODULES))
    # The URL itself is not shown: it may hold a password.
    advice = did_you_mean(scheme, _MODULES).replace("?", ":?")
    raise ConfigError(
        "the URL of the store does not begin with the scheme of a store"
        + (f"; {advice}" if advice else ""),
        hint=f"begin it with one of {schemes}, for example {DEFAULT_STORE}",
    )


def builtin_options() -> tuple[Option, ...]:
    """The options of all stores of this project, each of them once."""
    options = (option for name in sorted(_MODULES) for option in backend_of(name).options)
    return tuple({option.name: option for option in options}.values())


def store_annotations(url: str) -> frozenset[str]:
    """The annotations that steer single kinds of stores: those of this project, and that of `url`.

    Raises:
        ConfigError: see `backend_of`.
    """
    backends = (backend_of(each) for each in (*_MODULES, url))
    return frozenset[str]().union(*(backend.annotations for backend in backends))


def open_store(
    url: str,
    environ: Mapping[str, str],
    *,
    workers: int = 10,
    options: Mapping[str, str] | None = None,
    made: MadeOf | None = None,
) -> Store:
    """Open the store that `url` names.

    See `reconciler.model.opening.Opening` for the rest.

    Raises:
        ConfigError: no store has that scheme, or the store cannot use its settings.
    """
    backend = backend_of(url)
    given = {name: value for name, value in (options or {}).items() if value}
    unknown = sorted(given.keys() - {option.name for option in backend.options})
    if unknown:
        flags = ", ".join(f"--{name}" for name in unknown)
        raise ConfigError(f"{flags}: the store {backend.scheme}: has no such option")
    return backend.open(
        Opening(url=url, environ=environ, workers=workers, options=given, made=made)
    )


def check(choice: StoreChoice, desired: Iterable[Desired]) -> Iterator[Diagnostic]:
    """Report what the chosen store would refuse of `desired`. Contacts no server.

    Raises:
        ConfigError: no store has that scheme.
    """
    backend = backend_of(choice.url)
    for resource in desired:
        for violation in backend.check(resource, choice):
            yield _diagnostic(resource, violation)


def _loaded(load: object, scheme: str) -> Backend:
    """The backend that an entry point's `load` returns."""
    assert callable(load)
    try:
        backend: Backend = load()
    except Exception as error:  # noqa: BLE001 - the package is somebody else's code
        raise ConfigError(
            f"the package that provides the store {scheme}: cannot be loaded: "
            f"{type(error).__name__}",
            hint="install it again, in a version for this version of reconciler",
        ) from None
    return backend


def _diagnostic(resource: Desired, violation: Violation) -> Diagnostic:
    return Diagnostic(
        severity=violation.severity,
        code=violation.code,
        message=violation.message,
        field=violation.field,
        source=resource.source,
        object=resource.label,
        hint=violation.hint,
    )
