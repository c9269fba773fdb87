"""``reconciler show``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.command import Command
from reconciler.cli.options import examples
from reconciler.cli.output import output_options, verbosity_options
from reconciler.cli.output import show as show_subject
from reconciler.cli.terminal import remark
from reconciler.errors import ExitCode
from reconciler.escapes import escaped
from reconciler.views.formats import Subject


@click.command(
    cls=Command,
    epilog=examples(
        "reconciler show release.plan",
        "reconciler show release.plan -o markdown",
    ),
)
@click.argument("planfile", type=click.Path(path_type=Path))
@output_options(Subject.PLAN)
@verbosity_options()
def show(planfile: Path, **settings: Any) -> ExitCode:
    """Show a saved plan, even if it is stale. Needs neither manifests nor store.

    The seal is not checked, since that requires the store's fingerprint key.
    """
    from reconciler.planfile import Standing, load, origin_notes
    from reconciler.workflow import utc_now

    file = load(planfile)
    saved = file.saved
    origin = origin_notes(
        Standing.UNCHECKED if file.seal else Standing.UNSEALED, saved.expires, utc_now()
    )
    if settings["output"] == "text":
        names = (source.name for source in saved.sources)
        made = f"Made at {saved.created} by reconciler {saved.tool} from"
        remark(escaped(f"{made} {', '.join((*saved.manifests, *names))}"))
    show_subject(Subject.PLAN, saved.plan, settings, origin)
    return ExitCode.OK
