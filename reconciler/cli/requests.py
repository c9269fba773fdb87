"""From the values of options to a request, and what every planning command tells alike."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.terminal import colour_on
from reconciler.errors import ExitCode
from reconciler.model.plans import PlanOptions

if TYPE_CHECKING:
    from reconciler.manifests import Loaded
    from reconciler.model.plans import Plan
    from reconciler.workflow import Planned, Request

DEFAULT_MANIFESTS = "manifests"


def request_of(paths: tuple[str, ...], settings: dict[str, Any], **extra: Any) -> Request:
    """The request that the options of `plan_options` and the store's stand for."""
    from reconciler.workflow import Request  # noqa: PLC0415 - start-up stays light

    return Request(
        manifests=paths or (DEFAULT_MANIFESTS,),
        store=settings["store"],
        options=PlanOptions(
            set_name=settings["set_name"],
            namespace=settings["namespace"],
            targets=settings["targets"],
            prune=settings["prune"],
            adopt=settings["adopt"],
            allow_replace=settings["allow_replace"],
            max_deletes=settings["max_deletes"],
        ),
        server_dry_run=settings["server_dry_run"],
        parallelism=settings["parallelism"],
        **extra,
    )


def planned_of(request: Request) -> Planned:
    """Plan; what the manifests deserve to be told goes to standard error.

    Raises:
        ReconcilerError: nothing could be planned.
    """
    from reconciler import workflow  # noqa: PLC0415 - start-up stays light

    try:
        planned = workflow.plan(request)
    except workflow.InvalidManifests as error:
        show_loaded(error.loaded)
        raise
    show_loaded(planned.loaded)
    return planned


def show_loaded(loaded: Loaded) -> None:
    """Diagnostics and notices of the loader, on standard error."""
    from reconciler.views import text  # noqa: PLC0415 - start-up stays light

    if loaded.diagnostics:
        shown = text.diagnostics(
            loaded.diagnostics,
            objects=len(loaded.objects),
            files=loaded.files,
            colour=colour_on(sys.stderr),
        )
        click.echo(shown, err=True)
    show_notices(loaded)


def show_notices(loaded: Loaded) -> None:
    """What is worth telling of the manifests and wrong in no way, on standard error."""
    from reconciler.views.words import escaped  # noqa: PLC0415 - start-up stays light

    for notice in loaded.notices:
        click.echo(f"Note: {escaped(notice)}", err=True)


def rendered(plan: Plan, output: str, *, verbose: bool) -> str:
    """The plan in one of the formats ``text``, ``json``, ``markdown``."""
    from reconciler.views import json, markdown, text  # noqa: PLC0415 - start-up stays light

    match output:
        case "json":
            return json.plan(plan)
        case "markdown":
            return markdown.plan(plan)
        case _:
            return text.plan(plan, colour=colour_on(sys.stdout), verbose=verbose)


def verdict(plan: Plan) -> ExitCode:
    """What a plan's problems and refusals make of the exit code."""
    if plan.problems:
        return ExitCode.ERROR
    return ExitCode.REFUSED if plan.refusals else ExitCode.OK
