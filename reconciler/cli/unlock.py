"""``reconciler unlock``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.options import (
    AUTO_APPROVE,
    STORE,
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.parameters import listed
from reconciler.cli.requests import environment_of, opened
from reconciler.cli.terminal import colour_on, confirmed, is_terminal
from reconciler.errors import ConfigError, ExitCode
from reconciler.model.options import Topic

if TYPE_CHECKING:
    from reconciler.model.locks import Lock


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler unlock",
        "reconciler unlock --force",
        "reconciler unlock --force --id 5f0c1e22ab9d --auto-approve",
    ),
)
@run_options(STORE)
@plan_options("set_name")
@listed(Topic.GUARDS, "--force", is_flag=True, help="Remove the lock even if it has not expired.")
@listed(
    Topic.GUARDS,
    "--id",
    "lock_id",
    metavar="ID",
    help="Remove only the lock with this id, as shown by `unlock`.",
)
@run_options(AUTO_APPROVE)
def unlock(
    set_name: str, lock_id: str | None, *, force: bool, auto_approve: bool, **settings: Any
) -> ExitCode:
    """Show who holds the lock of the set, and remove it if it has expired.

    A lock that has not expired is removed only with --force. Make sure that the apply that holds
    it has ended: an apply that still runs notices within 20 seconds, and stops.
    """
    from reconciler import workflow
    from reconciler.views import text

    with opened(environment_of({**settings, "set_name": set_name})) as store:
        lock = store.read_lock(set_name)
        if lock is None:
            click.echo(f"The set {set_name!r} is not locked.")
            return ExitCode.OK
        last = workflow.last_run(store, set_name)
        click.echo(text.lock(lock, colour=colour_on(sys.stdout), last=last))
        refused = _refusal(lock, lock_id, force=force)
        if refused:
            click.echo(f"\nRefused: {refused}")
            return ExitCode.REFUSED
        if lock.is_held and not auto_approve and not _approved():
            click.echo("Not approved: nothing was changed.", err=True)
            return ExitCode.ERROR
        store.break_lock(lock)
    click.echo(f"\nRemoved the lock of the set {set_name!r}.")
    return ExitCode.OK


def _refusal(lock: Lock, lock_id: str | None, *, force: bool) -> str:
    """Why the lock may not be removed; empty where it may."""
    if lock_id is not None and lock.id != lock_id:
        return "this is not the lock that --id names, so it was left alone."
    if lock.is_held and not force:
        return (
            "its holder may still be at work. Where that has ended, remove the lock with"
            f" --force --id {lock.id}"
        )
    return ""


def _approved() -> bool:
    if not is_terminal(sys.stdin):
        raise ConfigError(
            "cannot ask for approval: standard input is not a terminal, so nothing was changed",
            hint="use --auto-approve",
        )
    return confirmed("\nHas the apply that holds this lock ended, and is the lock to be removed?")
