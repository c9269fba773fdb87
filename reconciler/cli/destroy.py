"""``reconciler destroy``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.approval import approved_and_applied
from reconciler.cli.config import Configured
from reconciler.cli.options import (
    AUTO_APPROVE,
    LOCK_TIMEOUT,
    PARALLELISM,
    STORE,
    WAIT_TIMEOUT,
    examples,
    format_option,
    plan_options,
    plan_options_of,
    run_options,
    verbosity_options,
)
from reconciler.cli.requests import opened, verbosity_of
from reconciler.errors import ExitCode
from reconciler.model.store import StoreChoice


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler destroy --max-deletes 100%",
        "reconciler destroy --target Secret/shop/database",
    ),
)
@run_options(STORE)
@plan_options(
    "set_name",
    "targets",
    "consumers",
    "force_consumers",
    "max_deletes",
    targets="Delete only this object of the set. Repeatable.",
)
@run_options(PARALLELISM, AUTO_APPROVE, LOCK_TIMEOUT, WAIT_TIMEOUT)
@format_option("text", "json")
@verbosity_options()
def destroy(
    store: StoreChoice,
    output: str,
    *,
    auto_approve: bool,
    **settings: Any,
) -> ExitCode:
    """Delete what the set owns, in the reverse order of its making, under all guards.

    The guard of --max-deletes holds here as well: to delete a whole set of ten objects or more,
    say --max-deletes 100%.
    """
    from reconciler import workflow

    options = plan_options_of(settings, destroy=True)
    with opened(store, settings["parallelism"]) as source:
        planned = workflow.plan((), workflow.read((), source, options), options)
        return approved_and_applied(
            planned,
            source,
            output,
            verbosity_of(settings),
            ask=not auto_approve,
            parallelism=settings["parallelism"],
            lock_timeout=settings["lock_timeout"],
            wait_timeout=settings["wait_timeout"],
        )
