"""The command line: options in, exit code out.

Nothing that a command needs is imported before the command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import click

from reconciler import __version__
from reconciler.cli.apply import apply
from reconciler.cli.completion import completion
from reconciler.cli.destroy import destroy
from reconciler.cli.drift import drift
from reconciler.cli.export import export
from reconciler.cli.get import get
from reconciler.cli.graph import graph
from reconciler.cli.plan import plan
from reconciler.cli.program import Program
from reconciler.cli.show import show
from reconciler.cli.store import store
from reconciler.cli.validate import validate


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reconciler")
def main() -> None:
    """Reconcile Secrets with a store: plan, review, apply exactly that plan.

    No command ever prints a secret value. Exit codes: 0 done or in sync, 1 error, 2 drift or
    changes present (drift, plan --detailed-exitcode), 3 refused by a guard, 4 stale plan, 5
    applied in part, 130 interrupted.

    Options may also stand in `reconciler.yaml`, looked for upwards from the working directory,
    and in the environment; the command line wins over the environment, that over the file.
    """


for command in (
    validate,
    plan,
    apply,
    show,
    drift,
    get,
    graph,
    export,
    destroy,
    store,
    completion,
):
    main.add_command(command)
