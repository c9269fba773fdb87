"""``reconciler get``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from reconciler.cli.config import Configured
from reconciler.cli.options import (
    consumers_option,
    examples,
    format_option,
    set_option,
    store_option,
)
from reconciler.cli.requests import opened
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
def get(store: str, set_name: str, output: str, *, consumers: bool) -> ExitCode:
    """Show what the set holds in the store: types, keys, ages, who refers to it. No values."""
    from reconciler import workflow
    from reconciler.planning.listing import listing
    from reconciler.views import json, text

    with opened(store) as source:
        options = PlanOptions(set_name=set_name, consumers=consumers)
        snapshot = workflow.read((), source, options)
    found = listing(snapshot, set_name)
    if output == "json":
        click.echo(json.listing(found))
    else:
        click.echo(text.listing(found, now=datetime.now(UTC), colour=colour_on(sys.stdout)))
    return ExitCode.OK
