"""``reconciler show``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import examples, format_option, verbosity_options
from reconciler.cli.requests import rendered, verbosity_of
from reconciler.cli.terminal import remark
from reconciler.errors import ExitCode
from reconciler.escapes import escaped


@click.command(
    epilog=examples(
        "reconciler show release.plan",
        "reconciler show release.plan -o markdown",
    ),
)
@click.argument("planfile", type=click.Path(path_type=Path))
@format_option("text", "json", "markdown")
@verbosity_options()
def show(planfile: Path, output: str, **settings: Any) -> ExitCode:
    """Show a saved plan, stale or not. Needs neither the manifests nor the store.

    The seal of the file is not checked, since that takes the store's fingerprint key.
    """
    from reconciler.planfile import Standing, load, origin_notes
    from reconciler.workflow import utc_now

    file = load(planfile)
    saved = file.saved
    origin = origin_notes(
        Standing.UNCHECKED if file.seal else Standing.UNSEALED, saved.expires, utc_now()
    )
    if output == "text":
        made = f"Made at {saved.created} by reconciler {saved.tool} from"
        remark(escaped(f"{made} {', '.join(saved.manifests)}"))
    click.echo(rendered(saved.plan, output, verbosity_of(settings), origin))
    return ExitCode.OK
