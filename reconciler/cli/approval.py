"""From a plan to changes that were asked for: shown, approved, carried out."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.progress import reporter
from reconciler.cli.requests import Verbosity, rendered, verdict
from reconciler.cli.terminal import (
    confirmed,
    going_on_unheard,
    is_terminal,
    remark,
    stopping,
)
from reconciler.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from reconciler.model.events import ApplyEnded
    from reconciler.model.plans import Plan
    from reconciler.model.store import Store
    from reconciler.workflow import Planned


def approved_and_applied(
    planned: Planned,
    store: Store,
    output: str,
    verbosity: Verbosity,
    *,
    ask: bool,
    stdin_taken: bool = False,
    **settings: Any,
) -> ExitCode:
    """Show the plan, `ask` on the terminal, and make its changes, followed in format `output`.

    `stdin_taken` tells that standard input holds manifests, so that nobody can answer there.
    """
    machine = output == "json"
    if not machine or planned.blocked:
        click.echo(rendered(planned.plan, "text", verbosity), err=machine)
    if planned.blocked:
        return verdict(planned.plan)
    if not planned.plan.steps:
        if machine:
            _tell_that_nothing_was_done()
        return ExitCode.OK
    if ask and not _approved(planned.plan, stdin_taken=stdin_taken):
        click.echo("Not approved: nothing was changed.", err=True)
        return ExitCode.ERROR
    return _carried_out(planned, store, output, verbosity, **settings)


def _tell_that_nothing_was_done() -> None:
    from reconciler.model.events import ApplyEnded
    from reconciler.views import json

    click.echo(json.event(ApplyEnded(results=())))


def _approved(plan: Plan, *, stdin_taken: bool) -> bool:
    if stdin_taken or not is_terminal(sys.stdin):
        reviewed = "review a plan and apply it with `reconciler apply FILE`, or "
        raise ConfigError(
            "there is nobody to ask: standard input is no terminal, so nothing was changed",
            hint=f"{'' if plan.options.destroy else reviewed}use --auto-approve",
        )
    return confirmed("\nMake these changes?")


def _carried_out(
    planned: Planned, store: Store, output: str, verbosity: Verbosity, **settings: Any
) -> ExitCode:
    from reconciler import workflow
    from reconciler.views.words import escaped

    def waiting(message: str) -> None:
        remark(f"Waiting: {escaped(message)}")

    stop, begun = threading.Event(), threading.Event()
    with stopping(stop, begun), reporter(output, verbosity, len(planned.plan.steps)) as emit:
        heard = going_on_unheard(emit)
        ended = workflow.apply(
            planned, store, stop=stop, begun=begun, emit=heard, waiting=waiting, **settings
        )
    return _exit_code(ended)


def _exit_code(ended: ApplyEnded) -> ExitCode:
    from reconciler.model.events import Outcome

    if ended.count(Outcome.APPLIED) == len(ended.results):
        return ExitCode.OK
    return ExitCode.INTERRUPTED if ended.interrupted else ExitCode.PARTIAL
