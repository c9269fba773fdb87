"""``reconciler release``."""

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
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.output import format_option, report_option, verbosity_options, write_reports
from reconciler.cli.parameters import listed
from reconciler.cli.requests import environment_of, opened
from reconciler.errors import ConfigError, ExitCode
from reconciler.model.options import Topic
from reconciler.views.formats import Subject


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler release --target Secret/shop/database",
        "reconciler release --set legacy --all --auto-approve",
    ),
)
@run_options(STORE)
@plan_options("set_name", "targets", targets="Release this object. Repeatable.")
@listed(Topic.WHAT, "--all", "everything", is_flag=True, help="Release all objects of the set.")
@run_options(PARALLELISM, AUTO_APPROVE, LOCK_TIMEOUT)
@format_option("text", "json")
@report_option(Subject.PLAN)
@verbosity_options()
def release(*, everything: bool, auto_approve: bool, **settings: Any) -> ExitCode:
    """Stop managing objects, without deleting them.

    The objects stay in the store as they are. Only the mark of the set and the record of what was
    applied are removed. To move objects to another set, use `reconciler apply --adopt-from SET`.
    """
    from reconciler import workflow

    if everything == bool(settings["targets"]):
        raise ConfigError(
            "release: say what to let go: either --target KIND/NS/NAME, or --all",
            hint="`reconciler get` lists what the set owns",
        )
    environment = environment_of(settings, release=True)
    options = environment.options
    with opened(environment, to_write=True) as store:
        planned = workflow.plan((), workflow.read((), store, options), options)
        write_reports(Subject.PLAN, planned.plan, settings)
        no_wait = {**settings, "wait_timeout": 0.0}  # no release has to have an effect first
        return approved_and_applied(planned, store, no_wait, ask=not auto_approve)
