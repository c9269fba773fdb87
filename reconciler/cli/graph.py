"""``reconciler graph``."""

from __future__ import annotations

import click

from reconciler.cli.config import Configured, tell_configuration
from reconciler.cli.lints import lint_settings
from reconciler.cli.options import examples, format_option, paths_argument, plan_options
from reconciler.cli.requests import loaded_manifests, manifest_paths
from reconciler.errors import ExitCode


@click.command(
    cls=Configured,
    epilog=examples("reconciler graph | dot -Tsvg > order.svg", "reconciler graph -o mermaid"),
)
@paths_argument
@plan_options("namespace")
@format_option("dot", "mermaid")
def graph(paths: tuple[str, ...], namespace: str, output: str) -> ExitCode:
    """Draw what the manifests hold, what needs what, and the waves. Needs no store."""
    from reconciler.planning.checks import cycles
    from reconciler.planning.listing import graph as graph_of
    from reconciler.views import dot, mermaid

    tell_configuration()
    loaded = loaded_manifests(manifest_paths(paths), namespace, lint_settings(), cycles)
    found = graph_of(loaded.objects, loaded.consumers)
    click.echo(mermaid.graph(found) if output == "mermaid" else dot.graph(found))
    return ExitCode.OK
