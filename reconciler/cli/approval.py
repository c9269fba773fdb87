"""From a plan to changes that were asked for: shown, approved, carried out."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.diagnostics import show_notices
from reconciler.cli.environment import environ
from reconciler.cli.invocation import tell_configuration
from reconciler.cli.output import shown_text, verbosity_of
from reconciler.cli.progress import reporter
from reconciler.cli.terminal import (
    confirmed,
    going_on_unheard,
    is_terminal,
    remark,
    stopping,
)
from reconciler.errors import ConfigError, ExitCode
from reconciler.escapes import escaped
from reconciler.views.formats import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.model.events import ApplyEnded, Event
    from reconciler.model.plans import Note, Plan
    from reconciler.model.store import Store
    from reconciler.workflow import Planned


def approved_and_applied(
    planned: Planned,
    store: Store,
    settings: dict[str, Any],
    *,
    ask: bool,
    stdin_taken: bool = False,
    origin: Sequence[Note] = (),
) -> ExitCode:
    """Show the plan, `ask` on the terminal, and make its changes, as the parameters say.

    `stdin_taken` tells that standard input holds manifests, so that nobody can answer there;
    `origin` is what there is to know of the plan's file.
    """
    from reconciler.workflow import Result

    machine = settings["output"] == "json"
    if not machine or planned.blocked:
        click.echo(shown_text(Subject.PLAN, planned.plan, settings, origin), err=machine)
    else:
        tell_configuration()
        for note in origin:
            remark(f"Note: {escaped(note.message)}")
        show_notices(planned.plan.notices)
    if planned.blocked:
        return Result(plan=planned.plan).exit_code
    if not planned.plan.steps:
        if machine:
            _tell_that_nothing_was_done()
        return ExitCode.OK
    if ask and not approved(planned.plan, stdin_taken=stdin_taken):
        remark("Not approved: nothing was changed.")
        return ExitCode.ERROR
    ended = _carried_out(planned, store, settings)
    if not machine:
        _tell_what_now(ended, saved=bool(origin))
    return Result(plan=planned.plan, outcome=ended).exit_code


def _tell_that_nothing_was_done() -> None:
    from reconciler.model.events import ApplyEnded
    from reconciler.views import json

    click.echo(json.event(ApplyEnded(results=())))


def _tell_what_now(ended: ApplyEnded, *, saved: bool) -> None:
    from reconciler.views import text

    advice = text.what_now(ended, saved=saved)
    if advice:
        remark(advice)


def approved(plan: Plan, *, stdin_taken: bool = False) -> bool:
    """Whether somebody at the terminal approves what was shown.

    Raises:
        ConfigError: nobody is there.
    """
    if stdin_taken or not is_terminal(sys.stdin):
        without_file = plan.options.destroy or plan.options.release
        reviewed = "review a plan and apply it with `reconciler apply FILE`, or "
        raise ConfigError(
            "cannot ask for approval: standard input is not a terminal, so nothing was changed",
            hint=f"{'' if without_file else reviewed}use --auto-approve",
        )
    return confirmed("\nMake these changes?")


def _carried_out(planned: Planned, store: Store, settings: dict[str, Any]) -> ApplyEnded:
    stop, begun = threading.Event(), threading.Event()
    following = reporter(settings["output"], verbosity_of(settings), len(planned.plan.steps))
    with stopping(stop, begun), following as emit:
        return carried_out(planned, store, settings, stop=stop, begun=begun, emit=emit)


def carried_out(
    planned: Planned,
    store: Store,
    settings: dict[str, Any],
    *,
    stop: threading.Event,
    begun: threading.Event,
    emit: Callable[[Event], None],
) -> ApplyEnded:
    """Make the changes of a plan that somebody has approved; see `reconciler.workflow.apply`."""
    from reconciler import workflow

    def waiting(message: str) -> None:
        remark(f"Waiting: {escaped(message)}")

    return workflow.apply(
        planned,
        store,
        parallelism=settings["parallelism"],
        lock_timeout=settings["lock_timeout"],
        wait_timeout=settings["wait_timeout"],
        stop=stop,
        begun=begun,
        origin=workflow.origin_of(environ()),
        emit=going_on_unheard(emit),
        waiting=waiting,
    )
