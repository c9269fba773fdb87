"""``reconciler show``."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import examples, format_option, verbose_option
from reconciler.cli.requests import rendered
from reconciler.errors import ExitCode


@click.command(
    epilog=examples(
        "reconciler show release.plan",
        "reconciler show release.plan -o markdown",
    ),
)
@click.argument("planfile", type=click.Path(path_type=Path))
@format_option("text", "json", "markdown")
@verbose_option
def show(planfile: Path, output: str, *, verbose: bool) -> ExitCode:
    """Show a saved plan, stale or not. Needs neither the manifests nor the store."""
    from reconciler.planfile import load  # noqa: PLC0415 - start-up stays light
    from reconciler.views.words import escaped  # noqa: PLC0415

    saved = load(planfile)
    if output == "text":
        made = f"Made at {saved.created} by reconciler {saved.tool} from"
        click.echo(escaped(f"{made} {', '.join(saved.manifests)}"), err=True)
    click.echo(rendered(saved.plan, output, verbose=verbose))
    return ExitCode.OK
