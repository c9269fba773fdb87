"""``reconciler get``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from reconciler.cli.live import alive
from reconciler.cli.options import STORE, examples, plan_options, run_options
from reconciler.cli.output import output_options, verbosity_options
from reconciler.cli.requests import environment_of, opened
from reconciler.cli.several import Answer, Surveying
from reconciler.views.formats import Subject


@click.command(
    cls=Surveying,
    subject=Subject.LISTING,
    epilog=examples("reconciler get", "reconciler get --set blue -o json"),
)
@run_options(STORE)
@plan_options("set_name", "consumers")
@output_options(Subject.LISTING)
@verbosity_options("keys and users that do not fit")
def get(**settings: Any) -> Answer:
    """List what the set owns in the store: types, keys, ages and users, but no values."""
    from reconciler import workflow
    from reconciler.planning.listing import listing

    environment = environment_of(settings)
    options = environment.options
    with opened(environment) as store, alive("Reading the store"):
        snapshot = workflow.read((), store, options)
        last = workflow.last_run(store, options.set_name)
    return Answer(Subject.LISTING, replace(listing(snapshot, options.set_name), last=last))
