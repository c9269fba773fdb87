"""From the values of options to a plan, and what every planning command tells alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.lints import lint_settings
from reconciler.cli.options import store_options
from reconciler.cli.terminal import colour_on
from reconciler.errors import ConfigError, ExitCode, InvalidManifests
from reconciler.files import own_descriptor
from reconciler.model.plans import PlanOptions

if TYPE_CHECKING:
    from reconciler.manifests import Loaded
    from reconciler.model.objects import Desired, Diagnostic
    from reconciler.model.plans import Plan
    from reconciler.model.store import Store
    from reconciler.planfile import SavedPlan
    from reconciler.workflow import Planned

DEFAULT_MANIFESTS = "manifests"
DEFAULT_WORKERS = 10


class Verbosity(Enum):
    """How much is told."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


def verbosity_of(settings: dict[str, Any]) -> Verbosity:
    """What ``--verbose`` and ``--quiet`` come to.

    Raises:
        ConfigError: both are given.
    """
    if settings["verbose"] and settings["quiet"]:
        raise ConfigError("--verbose and --quiet contradict each other")
    if settings["quiet"]:
        return Verbosity.QUIET
    return Verbosity.VERBOSE if settings["verbose"] else Verbosity.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the options ask for: manifest paths, the store's URL, and the plan's options."""

    manifests: tuple[str, ...]
    store: str
    options: PlanOptions
    server_dry_run: bool = False
    parallelism: int = 1


def manifest_paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths to load: those given, else the directory ``manifests``."""
    return paths or (DEFAULT_MANIFESTS,)


def takes_stdin(paths: Iterable[str]) -> bool:
    """Whether standard input is read for manifests, under whatever name."""
    return any(path == "-" or own_descriptor(path) == 0 for path in paths)


def is_stream(path: str) -> bool:
    """Whether `path` can be read only once, or only by this process."""
    place = Path(path)
    return own_descriptor(path) is not None or not (
        place.is_file() or place.is_dir() or not place.exists()
    )


def request_of(paths: tuple[str, ...], settings: dict[str, Any]) -> Request:
    """The request that the options of `plan_options` and the store's stand for."""
    return Request(
        manifests=manifest_paths(paths),
        store=settings["store"],
        options=PlanOptions(
            set_name=settings["set_name"],
            namespace=settings["namespace"],
            targets=settings["targets"],
            prune=settings["prune"],
            adopt=settings["adopt"],
            allow_replace=settings["allow_replace"],
            allow_empty=settings["allow_empty"],
            scrub=settings["scrub"],
            consumers=settings["consumers"],
            force_consumers=settings["force_consumers"],
            rotate_services=settings["rotate_services"],
            max_deletes=settings["max_deletes"],
        ),
        server_dry_run=settings["server_dry_run"],
        parallelism=settings["parallelism"],
    )


@contextmanager
def opened(url: str, workers: int = DEFAULT_WORKERS) -> Iterator[Store]:
    """The store at `url`, with the options that only some stores have, closed in the end.

    Raises:
        ConfigError: it cannot be opened so.
    """
    from reconciler.stores import open_store, options_of

    options = store_options(click.get_current_context(), options_of(url))
    with closing(open_store(url, os.environ, workers=workers, options=options)) as store:
        yield store


def loaded_manifests(
    paths: tuple[str, ...],
    namespace: str,
    check: Callable[[Sequence[Desired]], Iterable[Diagnostic]],
) -> Loaded:
    """Load manifests that are good enough to plan with, and tell what they deserve to be told.

    `check` says what else is wrong with them, such as `rules_of` a store.

    Raises:
        InvalidManifests: at least one diagnostic is an error.
    """
    from reconciler.manifests import load

    loaded = load(paths, namespace=namespace, lints=lint_settings())
    loaded = replace(loaded, diagnostics=(*loaded.diagnostics, *check(loaded.objects)))
    show_loaded(loaded)
    if loaded.errors:
        raise InvalidManifests("the manifests have errors, so nothing was done")
    return loaded


def rules_of(store: str) -> Callable[[Sequence[Desired]], Iterable[Diagnostic]]:
    """What the store at the URL `store` refuses by its own rules."""
    from reconciler.stores import check

    return partial(check, store)


def planned_of(request: Request, store: Store) -> Planned:
    """Load, read and plan.

    Raises:
        ReconcilerError: nothing could be planned.
    """
    from reconciler import workflow

    namespace = request.options.namespace
    loaded = loaded_manifests(request.manifests, namespace, rules_of(request.store))
    snapshot = workflow.read(loaded.objects, store, request.options)
    planned = workflow.plan(
        loaded.objects,
        snapshot,
        request.options,
        consumers=loaded.consumers,
        inputs=loaded.inputs,
    )
    return _tried(planned, request, store)


def planned_again(saved: SavedPlan, request: Request, store: Store) -> Planned:
    """Form a saved plan once more, with its own options, and make sure that it is the same.

    Raises:
        ConfigError: its manifests are not where it has them.
        StalePlan: manifests or store are no longer what the plan saw.
        ReconcilerError: the plan could not be formed.
    """
    from reconciler import workflow

    _refuse_elsewhere(saved.manifests)
    options = saved.plan.options
    loaded = loaded_manifests(saved.manifests, options.namespace, rules_of(request.store))
    snapshot = workflow.read(loaded.objects, store, options)
    planned = workflow.plan(
        loaded.objects,
        snapshot,
        options,
        consumers=loaded.consumers,
        inputs=loaded.inputs,
        salt=saved.salt,
    )
    workflow.check_unmoved(saved, planned)
    return _tried(planned, request, store)


def _refuse_elsewhere(manifests: Iterable[str]) -> None:
    missing = [path for path in manifests if not Path(path).exists()]
    if missing:
        raise ConfigError(
            f"the plan was made from manifests that are not here: {', '.join(missing)}",
            hint="its paths are relative to the directory in which it was made: apply it there",
        )


def _tried(planned: Planned, request: Request, store: Store) -> Planned:
    from reconciler import workflow

    if not request.server_dry_run:
        return planned
    return workflow.tried(planned, store, request.parallelism)


def show_loaded(loaded: Loaded) -> None:
    """Diagnostics and notices of the loader, on standard error."""
    from reconciler.views import text

    if loaded.diagnostics:
        shown = text.diagnostics(
            loaded.diagnostics,
            objects=len(loaded.objects),
            files=loaded.files,
            colour=colour_on(sys.stderr),
        )
        click.echo(shown, err=True)
    show_notices(*loaded.notices)


def show_notices(*notices: str) -> None:
    """What is worth telling of the manifests and wrong in no way, unless --quiet is given."""
    from reconciler.views.words import escaped

    if click.get_current_context().params.get("quiet"):
        return
    for notice in notices:
        click.echo(f"Note: {escaped(notice)}", err=True)


def rendered(plan: Plan, output: str, verbosity: Verbosity) -> str:
    """The plan in one of the formats ``text``, ``json``, ``markdown``.

    A quiet text is the summary alone, unless something keeps the plan from being applied.
    """
    from reconciler.views import json, markdown, text, words

    match output:
        case "json":
            return json.plan(plan)
        case "markdown":
            return markdown.plan(plan)
        case _ if verbosity is Verbosity.QUIET and not (plan.problems or plan.refusals):
            return words.summary_text(plan)
        case _:
            verbose = verbosity is Verbosity.VERBOSE
            return text.plan(plan, colour=colour_on(sys.stdout), verbose=verbose)


def verdict(plan: Plan) -> ExitCode:
    """What a plan's problems and refusals make of the exit code."""
    if plan.problems:
        return ExitCode.ERROR
    return ExitCode.REFUSED if plan.refusals else ExitCode.OK
