"""``--env-parallelism``: how many environments are worked on at a time."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import ENV_PARALLELISM, STORE
from reconciler.cli.sources import PATHS, SOURCES
from reconciler.model.opening import StoreChoice
from reconciler.stores import backend_of

WAITING = 4
"""So many at a time where some wait while others compute."""


def at_a_time(context: click.Context) -> int:
    """How many of the environments that the run of `context` is for are worked on at a time.

    Where nobody said so, it is one if none of them waits: threads that only compute take turns, and
    gain nothing by it.
    """
    return given(context) or (WAITING if any(map(_waits, context.obj.company.contexts)) else 1)


def given(context: click.Context) -> int | None:
    """How many at a time the command line or the variable asks for."""
    number: int | None = context.meta[ENV_PARALLELISM.parameter]
    return number


def _waits(context: click.Context) -> bool:
    """Whether the environment of `context` has a server, or a program that prints manifests."""
    return _has_server(context.params.get(STORE.parameter)) or _has_program(context)


def _has_server(store: Any) -> bool:
    """Whether `store`, a URL or a `StoreChoice`, is behind a server; a command may have none."""
    url = store.url if isinstance(store, StoreChoice) else store
    return url is not None and backend_of(url).has_server


def _has_program(context: click.Context) -> bool:
    from reconciler.inputs.bases import kustomization_in

    settings = context.obj.settings  # which count for saved plans too
    paths = (*context.params.get(PATHS, ()), *settings.get(PATHS, ()))
    return bool(settings.get(SOURCES)) or any(map(kustomization_in, paths))
