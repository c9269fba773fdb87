"""``reconciler apply``."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.options import (
    examples,
    format_option,
    namespace_option,
    paths_argument,
    plan_options,
    store_option,
    verbose_option,
)
from reconciler.cli.progress import reporter
from reconciler.cli.requests import planned_of, rendered, request_of, show_loaded, verdict
from reconciler.cli.terminal import confirmed, stopping
from reconciler.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from reconciler.model.events import ApplyEnded
    from reconciler.workflow import Planned, Request


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler apply",
        "reconciler apply manifests/ --prune --auto-approve",
        "reconciler apply release.plan",
    ),
)
@paths_argument
@store_option
@namespace_option
@plan_options
@click.option(
    "--auto-approve",
    is_flag=True,
    envvar="RECONCILER_AUTO_APPROVE",
    help="Do not ask. Needed where there is no terminal.",
)
@click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    envvar="RECONCILER_LOCK_TIMEOUT",
    metavar="SECONDS",
    default=0,
    show_default=True,
    help="How long to wait while another apply of the set is under way.",
)
@format_option("text", "json")
@verbose_option
def apply(
    paths: tuple[str, ...],
    output: str,
    *,
    auto_approve: bool,
    verbose: bool,
    **settings: Any,
) -> ExitCode:
    """Plan, ask, and make the changes; or make just those of a saved plan.

    PATH is a file or a directory of manifests, - for standard input, or one file that
    `reconciler plan --out` has written: its options count then, and nothing is asked.
    """
    request = request_of(paths, settings, lock_timeout=settings["lock_timeout"])
    saved = _plan_file(paths)
    if saved is not None:
        request, planned = _again(request, saved)
    else:
        planned = planned_of(request)
    quiet = output == "json"
    if not quiet or planned.blocked:
        click.echo(rendered(planned.plan, "text", verbose=verbose), err=quiet)
    if planned.blocked:
        return verdict(planned.plan)
    if not planned.plan.steps:
        return ExitCode.OK
    if saved is None and not auto_approve and not _approved(paths):
        click.echo("Not approved: nothing was changed.", err=True)
        return ExitCode.ERROR
    return _carried_out(request, planned, output)


def _plan_file(paths: tuple[str, ...]) -> Path | None:
    """The plan file that was given in place of manifests, if so."""
    from reconciler import planfile  # noqa: PLC0415 - start-up stays light

    found = [Path(path) for path in paths if path != "-" and planfile.is_plan_file(Path(path))]
    if not found:
        return None
    if len(paths) > 1:
        raise ConfigError(f"{found[0]} is a plan file, and can only be applied alone")
    return found[0]


def _again(request: Request, path: Path) -> tuple[Request, Planned]:
    """The saved plan's own request, and its plan formed again."""
    from reconciler import planfile, workflow  # noqa: PLC0415 - start-up stays light

    saved = planfile.load(path)
    own = replace(request, manifests=saved.manifests, options=saved.plan.options)
    try:
        planned = workflow.again(own, saved)
    except workflow.InvalidManifests as error:
        show_loaded(error.loaded)
        raise
    return own, replace(planned, saved=saved)


def _approved(paths: tuple[str, ...]) -> bool:
    if "-" in paths or not sys.stdin.isatty():
        raise ConfigError(
            "there is nobody to ask: standard input is no terminal, so nothing was changed",
            hint="review a plan and apply it with `reconciler apply FILE`, or use --auto-approve",
        )
    return confirmed("\nMake these changes?")


def _carried_out(request: Request, planned: Planned, output: str) -> ExitCode:
    from reconciler import workflow  # noqa: PLC0415 - start-up stays light
    from reconciler.views.words import escaped  # noqa: PLC0415

    def waiting(message: str) -> None:
        click.echo(f"Waiting: {escaped(message)}", err=True)

    stop = threading.Event()
    with stopping(stop), reporter(output, len(planned.plan.steps)) as emit:
        ended = workflow.apply(request, planned, stop=stop, emit=emit, waiting=waiting)
    return _exit_code(ended)


def _exit_code(ended: ApplyEnded) -> ExitCode:
    from reconciler.model.events import Outcome  # noqa: PLC0415 - start-up stays light

    if ended.count(Outcome.APPLIED) == len(ended.results):
        return ExitCode.OK
    return ExitCode.INTERRUPTED if ended.interrupted else ExitCode.PARTIAL
