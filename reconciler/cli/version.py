"""``reconciler version``."""

from __future__ import annotations

import json
import platform

import click

from reconciler import __version__
from reconciler.cli.command import Command
from reconciler.cli.options import examples
from reconciler.cli.output import format_option
from reconciler.errors import ExitCode


@click.command(cls=Command, epilog=examples("reconciler version", "reconciler version -o json"))
@format_option("text", "json")
def version(output: str) -> ExitCode:
    """Show the versions of the program and of Python."""
    python = platform.python_version()
    if output == "json":
        click.echo(json.dumps({"version": __version__, "python": python}))
    else:
        click.echo(f"reconciler {__version__} (Python {python})")
    return ExitCode.OK
