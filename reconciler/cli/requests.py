"""From the values of options to a plan, and what every planning command tells alike."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import configuration
from reconciler.cli.environment import environment
from reconciler.cli.lints import lint_settings
from reconciler.cli.options import plan_options_of
from reconciler.cli.terminal import colour_on, remark
from reconciler.errors import ConfigError, ExitCode, InvalidManifests
from reconciler.escapes import escaped
from reconciler.files import own_descriptor
from reconciler.model.plans import PlanOptions

if TYPE_CHECKING:
    from reconciler.manifests import LintSettings, Loaded
    from reconciler.model.objects import Desired, Diagnostic
    from reconciler.model.plans import Note, Plan
    from reconciler.model.store import Store, StoreChoice
    from reconciler.planfile import PlanFile, Standing
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
    """What the options ask for: manifest paths, the store, and the plan's options."""

    manifests: tuple[str, ...]
    store: StoreChoice
    options: PlanOptions
    lints: LintSettings
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
    """The request that the parameters of ``plan`` and ``apply`` stand for."""
    return Request(
        manifests=manifest_paths(paths),
        store=settings["store"],
        options=plan_options_of(settings),
        lints=lint_settings(strict=settings["strict"]),
        server_dry_run=settings["server_dry_run"],
        parallelism=settings["parallelism"],
    )


@contextmanager
def opened(choice: StoreChoice, workers: int = DEFAULT_WORKERS) -> Iterator[Store]:
    """The chosen store, closed in the end.

    Raises:
        ConfigError: it cannot be opened so.
    """
    from reconciler.stores import open_store

    store = open_store(choice.url, environment(), workers=workers, options=choice.options)
    with closing(store):
        yield store


def loaded_manifests(
    paths: tuple[str, ...],
    namespace: str,
    lints: LintSettings,
    check: Callable[[Sequence[Desired]], Iterable[Diagnostic]],
) -> Loaded:
    """Load manifests that are good enough to plan with, and show their diagnostics and notices.

    `check` says what else is wrong with them, such as `rules_of` a store.

    Raises:
        InvalidManifests: at least one diagnostic is an error.
    """
    from reconciler.manifests import load

    loaded = load(paths, namespace=namespace, lints=lints)
    loaded = replace(loaded, diagnostics=(*loaded.diagnostics, *check(loaded.objects)))
    show_loaded(loaded)
    if loaded.errors:
        raise InvalidManifests("the manifests have errors, so nothing was done")
    return loaded


def rules_of(store: StoreChoice) -> Callable[[Sequence[Desired]], Iterable[Diagnostic]]:
    """What the chosen store refuses by its own rules."""
    from reconciler.stores import check

    return partial(check, store)


def planned_of(request: Request, store: Store) -> Planned:
    """Load, read and plan.

    Raises:
        ReconcilerError: nothing could be planned.
    """
    from reconciler import workflow

    namespace = request.options.namespace
    loaded = loaded_manifests(request.manifests, namespace, request.lints, rules_of(request.store))
    snapshot = workflow.read(loaded.objects, store, request.options)
    planned = workflow.plan(
        loaded.objects,
        snapshot,
        request.options,
        consumers=loaded.consumers,
        inputs=loaded.inputs,
    )
    return _tried(planned, request, store)


def planned_again(
    file: PlanFile, request: Request, store: Store, *, require_sealed: bool
) -> tuple[Planned, Standing]:
    """Form a saved plan once more, with its own options, and make sure that it is the same.

    Tells what its seal is worth; with `require_sealed`, only a verified one will do.

    Raises:
        ConfigError: its manifests are not where it has them.
        PlanAltered: the file was changed.
        PlanNotTrusted: its seal was not verified.
        StalePlan: manifests or store are no longer what the plan saw, or it has expired.
        ReconcilerError: the plan could not be formed.
    """
    from reconciler import planfile, workflow

    saved = file.saved
    planfile.refuse_expired(saved.expires, workflow.utc_now())
    _refuse_elsewhere(saved.manifests)
    options = saved.plan.options
    loaded = loaded_manifests(
        saved.manifests, options.namespace, request.lints, rules_of(request.store)
    )
    snapshot = workflow.read(loaded.objects, store, options)
    planned, standing = workflow.plan_again(
        file, loaded.objects, snapshot, consumers=loaded.consumers, inputs=loaded.inputs
    )
    if require_sealed:
        planfile.refuse_unverified(standing)
    return _tried(planned, request, store), standing


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
    if click.get_current_context().params.get("quiet"):
        return
    for notice in notices:
        remark(f"Note: {escaped(notice)}")


def rendered(plan: Plan, output: str, verbosity: Verbosity, origin: Sequence[Note] = ()) -> str:
    """The plan in one of the formats ``text``, ``json``, ``markdown``.

    `origin` is what there is to know of its file. A quiet text is the summary alone, and whether
    that file was verified, unless something keeps the plan from being applied.
    """
    from reconciler.views import json, markdown, text, words

    heading = words.Heading(configuration(), tuple(origin))
    match output:
        case "json":
            return json.plan(plan, heading)
        case "markdown":
            return markdown.plan(plan, heading)
        case _ if verbosity is Verbosity.QUIET and not (plan.problems or plan.refusals):
            doubts = [note.message for note in origin if note.code == "plan-unverified"]
            return "\n".join([*doubts, words.summary_text(plan)])
        case _:
            verbose = verbosity is Verbosity.VERBOSE
            colour = colour_on(sys.stdout)
            return text.plan(plan, colour=colour, verbose=verbose, heading=heading)


def verdict(plan: Plan) -> ExitCode:
    """What a plan's problems and refusals make of the exit code."""
    if plan.problems:
        return ExitCode.ERROR
    return ExitCode.REFUSED if plan.refusals else ExitCode.OK
