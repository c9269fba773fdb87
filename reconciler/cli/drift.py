"""``reconciler drift``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.live import alive
from reconciler.cli.options import (
    STORE,
    examples,
    paths_argument,
    plan_options,
    run_options,
)
from reconciler.cli.output import output_options, show, verbosity_options
from reconciler.cli.parameters import listed
from reconciler.cli.requests import environment_of, loaded_of, opened
from reconciler.errors import ExitCode
from reconciler.model.options import Topic
from reconciler.views.formats import Subject


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler drift",
        "reconciler drift manifests/ --unmanaged -o markdown",
        "reconciler drift --report prometheus=/var/lib/node_exporter/reconciler.prom",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options(
    "set_name",
    "namespace",
    "create_namespaces",
    "sops_ignore_mac",
    create_namespaces="Take the namespaces that --create-namespaces made for declared.",
)
@listed(
    Topic.WHAT,
    "--unmanaged",
    is_flag=True,
    help="List Secrets of no set too, in the set's namespaces.",
)
@output_options(Subject.DRIFT)
@verbosity_options("objects in sync")
def drift(paths: tuple[str, ...], *, unmanaged: bool, **settings: Any) -> ExitCode:
    """Show what somebody else did to what was applied last. Writes nothing to the store.

    Changes that the manifests have in mind are no drift, and are told apart. Exits with 2 where
    there is drift, with 0 where there is none.
    """
    from reconciler import workflow

    environment = environment_of(settings, paths)
    loaded = loaded_of(environment)
    with opened(environment) as store, alive("Reading the store"):
        report = workflow.drift_of(environment, loaded, store, unmanaged=unmanaged)
    show(Subject.DRIFT, report, settings)
    return workflow.Result(drift=report).exit_code
