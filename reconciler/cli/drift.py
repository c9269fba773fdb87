"""``reconciler drift``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.config import Configured, configuration
from reconciler.cli.lints import lint_settings
from reconciler.cli.options import (
    STORE,
    examples,
    format_option,
    paths_argument,
    plan_options,
    plan_options_of,
    run_options,
    verbosity_options,
)
from reconciler.cli.requests import (
    Verbosity,
    loaded_manifests,
    manifest_paths,
    opened,
    rules_of,
    verbosity_of,
)
from reconciler.cli.terminal import colour_on
from reconciler.errors import ConfigError, ExitCode
from reconciler.files import write_whole
from reconciler.model.store import StoreChoice

if TYPE_CHECKING:
    from reconciler.model.drift import DriftReport


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler drift",
        "reconciler drift manifests/ --unmanaged -o markdown",
        "reconciler drift --metrics-file /var/lib/node_exporter/reconciler.prom",
    ),
)
@paths_argument
@run_options(STORE)
@plan_options("set_name", "namespace")
@click.option(
    "--unmanaged", is_flag=True, help="List Secrets of no set too, in the set's namespaces."
)
@click.option(
    "--metrics-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write figures for Prometheus' textfile collector to this file.",
)
@format_option("text", "json", "markdown")
@verbosity_options("objects in sync")
def drift(
    paths: tuple[str, ...],
    store: StoreChoice,
    output: str,
    metrics_file: Path | None,
    *,
    unmanaged: bool,
    **settings: Any,
) -> ExitCode:
    """Show what somebody else did to what was applied last. Writes nothing to the store.

    Changes that the manifests have in mind are no drift, and are told apart. Exits with 2 where
    there is drift, with 0 where there is none.
    """
    from reconciler import workflow

    options = plan_options_of(settings)
    loaded = loaded_manifests(
        manifest_paths(paths), options.namespace, lint_settings(), rules_of(store)
    )
    desired = loaded.objects
    with opened(store) as source:
        snapshot = workflow.read(desired, source, options, unmanaged=unmanaged)
    if not snapshot.born:  # or a check of a wrong path would pass for a good one, day after day
        raise ConfigError(
            "the store does not exist, so there is nothing that could have drifted",
            hint="check --store, or apply once before the first check",
        )
    report = workflow.drift(desired, snapshot, options, unmanaged=unmanaged)
    click.echo(_rendered(report, output, verbosity_of(settings)))
    if metrics_file is not None:
        _write_metrics(report, metrics_file)
    return ExitCode.CHANGES if report.drifted else ExitCode.OK


def _rendered(report: DriftReport, output: str, verbosity: Verbosity) -> str:
    from reconciler.views import json, markdown, text

    file = configuration()
    match output:
        case "json":
            return json.drift(report, file)
        case "markdown":
            return markdown.drift(report, file)
        case _ if verbosity is Verbosity.QUIET and not report.drifted:
            return text.drift_summary(report)
        case _:
            verbose = verbosity is Verbosity.VERBOSE
            colour = colour_on(sys.stdout)
            return text.drift(report, colour=colour, verbose=verbose, configuration=file)


def _write_metrics(report: DriftReport, path: Path) -> None:
    from reconciler.views import prometheus

    # Another user's collector reads it, and there is nothing in it but figures.
    write_whole(path, f"{prometheus.drift(report, now=time.time())}\n".encode(), mode=0o644)
