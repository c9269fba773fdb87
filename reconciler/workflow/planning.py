"""``reconciler.plan``: from manifests and a store, or from what was read of both, to a plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, overload

from reconciler.errors import InvalidManifests
from reconciler.model.consumers import Consumer
from reconciler.model.objects import Desired, Diagnostic, InputYield
from reconciler.model.plan_options import PlanOptions
from reconciler.model.store import Snapshot, Store
from reconciler.stores import open_store
from reconciler.workflow import planned
from reconciler.workflow.loading import load
from reconciler.workflow.planned import Planned, read

Path = str | os.PathLike[str]


@overload
def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    *,
    consumers: Sequence[Consumer] = (),
    inputs: Sequence[InputYield] = (),
    diagnostics: Sequence[Diagnostic] = (),
) -> Planned: ...


@overload
def plan(
    desired: Path | Iterable[Path],
    *,
    store: Store | str,
    options: PlanOptions = ...,
    environ: Mapping[str, str] | None = None,
) -> Planned: ...


def plan(
    desired: Any,
    snapshot: Snapshot | None = None,
    options: PlanOptions | None = None,
    *,
    store: Store | str | None = None,
    environ: Mapping[str, str] | None = None,
    **read_of_manifests: Any,
) -> Planned:
    """Plan what makes a store as manifests say. Writes nothing.

    Either ``plan(paths, store=…)`` reads both: `desired` is a path or several, as `load` takes
    them, and `store` an open store, or the URL of one that is opened with the variables of
    `environ` (those of the process unless given) and closed again. Or ``plan(desired, snapshot,
    options)`` compares objects that were loaded with a snapshot that was taken; ``consumers``,
    ``inputs`` and ``diagnostics`` are those of the loaded manifests.

    Raises:
        InvalidManifests: the manifests have errors; its ``details`` has a line for each.
        ConfigError: a target is neither in the manifests nor in the set, or the store cannot be
            opened so.
        StoreError: the store cannot be read.
        TypeError: both ways are mixed.
    """
    options = options or PlanOptions()
    if snapshot is not None and store is None:
        return planned.plan(desired, snapshot, options, **read_of_manifests)
    if snapshot is not None or store is None or read_of_manifests:
        raise TypeError("give plan() paths and store=, or desired objects and a snapshot")
    if not isinstance(store, str):
        return _of_paths(desired, store, options)
    with closing(open_store(store, os.environ if environ is None else environ)) as opened:
        return _of_paths(desired, opened, options)


def _of_paths(paths: Any, store: Store, options: PlanOptions) -> Planned:
    store.read_ahead(options.set_name)
    loaded = load(paths, namespace=options.namespace, sops_ignore_mac=options.sops_ignore_mac)
    if loaded.errors:
        raise InvalidManifests(
            "the manifests have errors, so nothing was planned",
            details=[f"{error.source}: {error.object}: {error.message}" for error in loaded.errors],
        )
    return planned.plan(
        loaded.objects,
        read(loaded.objects, store, options),
        options,
        consumers=loaded.consumers,
        inputs=loaded.inputs,
        diagnostics=loaded.diagnostics,
    )
