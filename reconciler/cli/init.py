"""``reconciler init``."""

from __future__ import annotations

import sys
from typing import Any

import click
from click.core import ParameterSource

from reconciler.cli.command import Command
from reconciler.cli.options import STORE, examples, plan_options, run_options
from reconciler.cli.terminal import is_terminal
from reconciler.errors import ExitCode
from reconciler.escapes import escaped, inert


@click.command(
    cls=Command,
    epilog=examples(
        "reconciler init",
        "reconciler init k8s/secrets --set shop --store kubernetes:production",
        "reconciler -C deploy init",
    ),
)
@click.argument("manifests", metavar="[PATH]", default="manifests", type=click.Path())
@run_options(STORE)
@plan_options("set_name")
def init(manifests: str, set_name: str, store: str) -> ExitCode:
    """Create a configuration file and a first manifest.

    PATH is the directory of your manifests; the default is `manifests`. Existing files are kept as
    they are, and a first manifest is written only if there is none yet. At a terminal, you are
    asked for what the command line leaves out. Lines for the store and for plan files are added to
    .gitignore.
    """
    from reconciler.stores import backend_of
    from reconciler.workflow import begin

    manifests = _asked("manifests", "Directory of the manifests", manifests)
    set_name = _asked("set_name", "Name of the set", set_name)
    store = _asked("store", "URL of the store", store)
    backend_of(store)  # refuses what no store is called
    for path, is_new in begin(manifests, set_name, store):
        click.echo(inert(escaped(f"{'wrote' if is_new else 'kept'} {path}")))
    click.echo("Next: reconciler plan")
    return ExitCode.OK


def _asked(name: str, question: str, value: str) -> str:
    """`value`, or what somebody at a terminal prefers to its default."""
    context = click.get_current_context()
    if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
        return value
    if not is_terminal(sys.stdin):
        return value
    (parameter,) = (option for option in context.command.params if option.name == name)
    answer: Any = click.prompt(question, default=value, type=parameter.type, err=True)
    return str(answer)
