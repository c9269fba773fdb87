"""``reconciler destroy``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.approval import approved_and_applied
from reconciler.cli.config import Configured
from reconciler.cli.options import (
    applying_options,
    consumers_option,
    examples,
    force_consumers_option,
    format_option,
    max_deletes_option,
    parallelism_option,
    set_option,
    store_option,
    verbosity_options,
)
from reconciler.cli.requests import opened, verbosity_of
from reconciler.cli.types import TargetType
from reconciler.errors import ExitCode
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import DeleteLimit, PlanOptions


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler destroy --max-deletes 100%",
        "reconciler destroy --target Secret/shop/database",
    ),
)
@store_option
@set_option
@click.option(
    "--target",
    "targets",
    type=TargetType(),
    multiple=True,
    help="Delete only this object of the set. May be given several times.",
)
@consumers_option
@force_consumers_option
@max_deletes_option
@parallelism_option
@applying_options
@format_option("text", "json")
@verbosity_options()
def destroy(
    store: str,
    set_name: str,
    targets: tuple[ObjectKey, ...],
    max_deletes: DeleteLimit,
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

    options = PlanOptions(
        set_name=set_name,
        targets=targets,
        destroy=True,
        consumers=settings["consumers"],
        force_consumers=settings["force_consumers"],
        max_deletes=max_deletes,
    )
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
