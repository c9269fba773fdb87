"""``reconciler destroy``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.approval import approved_and_applied
from reconciler.cli.config import Configured
from reconciler.cli.live import alive
from reconciler.cli.options import (
    AUTO_APPROVE,
    LOCK_TIMEOUT,
    PARALLELISM,
    STORE,
    WAIT_TIMEOUT,
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.output import format_option, verbosity_options
from reconciler.cli.requests import environment_of, opened
from reconciler.errors import ExitCode


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
    "force_foreign",
    "max_deletes",
    targets="Delete only this object. Repeatable.",
)
@run_options(PARALLELISM, AUTO_APPROVE, LOCK_TIMEOUT, WAIT_TIMEOUT)
@format_option("text", "json")
@verbosity_options()
def destroy(*, auto_approve: bool, **settings: Any) -> ExitCode:
    """Delete what the set owns, in the reverse order of creation.

    All guards apply. To delete a whole set of ten objects or more, use --max-deletes 100%.
    """
    from reconciler import workflow

    environment = environment_of(settings, destroy=True)
    options = environment.options
    with opened(environment, to_write=True) as store:
        with alive("Reading the store"):
            planned = workflow.plan((), workflow.read((), store, options), options)
        return approved_and_applied(planned, store, settings, ask=not auto_approve)
