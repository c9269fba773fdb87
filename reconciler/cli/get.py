"""``reconciler get``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from reconciler.cli.config import Configured, configuration
from reconciler.cli.options import (
    consumers_option,
    examples,
    format_option,
    set_option,
    store_option,
    verbosity_options,
)
from reconciler.cli.requests import Verbosity, opened, verbosity_of
from reconciler.cli.terminal import colour_on
from reconciler.errors import ExitCode
from reconciler.model.plans import PlanOptions


@click.command(
    cls=Configured, epilog=examples("reconciler get", "reconciler get --set blue -o json")
)
@store_option
@set_option
@consumers_option
@format_option("text", "json")
@verbosity_options("keys and consumers that do not fit their columns")
def get(store: str, set_name: str, output: str, *, consumers: bool, **settings: Any) -> ExitCode:
    """Show what the set holds in the store: types, keys, ages, who refers to it. No values."""
    from reconciler import workflow
    from reconciler.planning.listing import listing
    from reconciler.views import json, text

    verbosity = verbosity_of(settings)
    with opened(store) as source:
        options = PlanOptions(set_name=set_name, consumers=consumers)
        snapshot = workflow.read((), source, options)
    found = listing(snapshot, set_name)
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
