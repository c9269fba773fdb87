"""``reconciler history``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.options import STORE, examples, plan_options, run_options
from reconciler.cli.output import output_options, show
from reconciler.cli.requests import environment_of, opened
from reconciler.errors import ExitCode
from reconciler.views.formats import Subject


@click.command(
    cls=Configured,
    epilog=examples("reconciler history", "reconciler history --set blue -o json"),
)
@run_options(STORE)
@plan_options("set_name")
@output_options(Subject.HISTORY)
def history(**settings: Any) -> ExitCode:
    """List the last runs of the set: when, who, which commit, how many changes, and the outcome.

    The store keeps the last 50 applies, releases and destroys of each set, without values.
    """
    from reconciler.model.history import History

    environment = environment_of(settings)
    set_name = environment.options.set_name
    with opened(environment) as store:
        runs = store.history(set_name)
    show(Subject.HISTORY, History(set_name, tuple(reversed(runs))), settings)
    return ExitCode.OK
