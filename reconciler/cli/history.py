"""``reconciler history``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import STORE, examples, plan_options, run_options
from reconciler.cli.output import output_options
from reconciler.cli.requests import environment_of, opened
from reconciler.cli.several import Answer, Surveying
from reconciler.views.formats import Subject


@click.command(
    cls=Surveying,
    subject=Subject.HISTORY,
    epilog=examples("reconciler history", "reconciler history --set blue -o json"),
)
@run_options(STORE)
@plan_options("set_name")
@output_options(Subject.HISTORY)
def history(**settings: Any) -> Answer:
    """List the last runs of the set: when, who, which commit, how many changes, and the outcome.

    The store keeps the last 50 applies, releases and destroys of each set, without values.
    """
    from reconciler.model.history import History

    environment = environment_of(settings)
    set_name = environment.options.set_name
    with opened(environment) as store:
        runs = store.history(set_name)
    return Answer(Subject.HISTORY, History(set_name, tuple(reversed(runs))))
