"""``reconciler get``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from reconciler.cli.config import Configured, configuration
from reconciler.cli.options import (
    STORE,
    examples,
    format_option,
    plan_options,
    plan_options_of,
    run_options,
    verbosity_options,
)
from reconciler.cli.requests import Verbosity, opened, verbosity_of
from reconciler.cli.terminal import colour_on
from reconciler.errors import ExitCode
from reconciler.model.store import StoreChoice


@click.command(
    cls=Configured, epilog=examples("reconciler get", "reconciler get --set blue -o json")
)
@run_options(STORE)
@plan_options("set_name", "consumers")
@format_option("text", "json")
@verbosity_options("keys and consumers that do not fit their columns")
def get(store: StoreChoice, output: str, **settings: Any) -> ExitCode:
    """Show what the set holds in the store: types, keys, ages, who refers to it. No values."""
    from reconciler import workflow
    from reconciler.planning.listing import listing
    from reconciler.views import json, text

    verbosity = verbosity_of(settings)
    options = plan_options_of(settings)
    with opened(store) as source:
        snapshot = workflow.read((), source, options)
    found = listing(snapshot, options.set_name)
    match output:
        case "json":
            click.echo(json.listing(found, configuration()))
        case _ if verbosity is Verbosity.QUIET:
            click.echo(text.listing_summary(found))
        case _:
            shown = text.listing(
                found,
                now=datetime.now(UTC),
                colour=colour_on(sys.stdout),
                whole=verbosity is Verbosity.VERBOSE,
                configuration=configuration(),
            )
            click.echo(shown)
    return ExitCode.OK
