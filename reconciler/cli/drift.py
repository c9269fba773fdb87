"""``reconciler drift``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.live import alive
from reconciler.cli.options import (
    STORE,
    examples,
    paths_argument,
    plan_options,
    run_options,
)
from reconciler.cli.output import output_options, verbosity_options
from reconciler.cli.parameters import listed
from reconciler.cli.requests import environment_of, loaded_of, opened
from reconciler.cli.several import Answer, Surveying
from reconciler.model.options import Topic
from reconciler.views.formats import Subject


@click.command(
    cls=Surveying,
    subject=Subject.DRIFT,
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
    create_namespaces="Treat namespaces made by --create-namespaces as declared.",
)
@listed(
    Topic.WHAT,
    "--unmanaged",
    is_flag=True,
    help="Also list Secrets of no set in the set's namespaces.",
)
@output_options(Subject.DRIFT)
@verbosity_options("objects in sync")
def drift(paths: tuple[str, ...], *, unmanaged: bool, **settings: Any) -> Answer:
    """Show what others have changed since the last apply. Writes nothing to the store.

    Pending changes of the manifests are not drift, and are listed separately. Exits with 2 if
    there is drift, and with 0 if there is none.

    PATH is a file or a directory of manifests, or - for standard input. The default is the
    directory `manifests`, or else the current directory if it contains manifests.
    """
    from reconciler import workflow

    environment = environment_of(settings, paths)
    loaded = loaded_of(environment)
    with opened(environment) as store, alive("Reading the store"):
        report = workflow.drift_of(environment, loaded, store, unmanaged=unmanaged)
    return Answer(Subject.DRIFT, report, workflow.Result(drift=report).exit_code)
