"""``reconciler graph``."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.diagnostics import show_notices
from reconciler.cli.invocation import tell_configuration
from reconciler.cli.options import examples, plan_options
from reconciler.cli.output import output_options, show
from reconciler.cli.paths import paths_argument
from reconciler.cli.requests import environment_of, loaded_of
from reconciler.errors import ExitCode, InvalidManifests
from reconciler.model.opening import DEFAULT_STORE, StoreChoice
from reconciler.views.formats import Subject


@click.command(
    cls=Configured,
    epilog=examples("reconciler graph | dot -Tsvg > order.svg", "reconciler graph -o mermaid"),
)
@paths_argument
@plan_options("namespace", "sops_ignore_mac")
@output_options(Subject.GRAPH)
def graph(paths: tuple[str, ...], **settings: Any) -> ExitCode:
    """Draw the objects of the manifests, their dependencies and the order. Needs no store.

    PATH is a file or a directory of manifests, or - for standard input. The default is the
    directory `manifests`, or else the current directory if it contains manifests.
    """
    from reconciler.planning.checks import cycles
    from reconciler.planning.listing import graph as graph_of

    tell_configuration()
    environment = environment_of({**settings, "store": StoreChoice(DEFAULT_STORE)}, paths)
    loaded = loaded_of(environment, cycles)
    if loaded.errors:
        raise InvalidManifests("the manifests have errors, so nothing was done")
    show(Subject.GRAPH, graph_of(loaded.objects, loaded.consumers), settings)
    show_notices(loaded.notices)
    return ExitCode.OK
