"""The command line: options in, exit code out.

Nothing that a command needs is imported before the command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import click

from reconciler import __version__
from reconciler.cli.parameters import listed
from reconciler.cli.program import Program, go_there
from reconciler.model.options import Topic

_COMMANDS = {
    "init": "Create a configuration file and a first manifest.",
    "validate": "Check manifests as an API server would, without contacting one.",
    "plan": "Show what an apply would change.",
    "apply": "Plan, ask for approval and make the changes, or apply a saved plan.",
    "show": "Show a saved plan, even if it is stale.",
    "report": "Show plans or drift reports that were written as JSON.",
    "drift": "Show what others have changed since the last apply.",
    "diff": "Show what differs between the manifests of two environments.",
    "get": "List what the set owns in the store.",
    "history": "List the last runs of the set: when, who, how many changes.",
    "snapshot": "Write what the store holds to a file, without values.",
    "graph": "Draw the objects of the manifests, their dependencies and the order.",
    "export": "Write the live objects of the set as manifests.",
    "import": "Write live objects that no set owns as manifests.",
    "release": "Stop managing objects, without deleting them.",
    "destroy": "Delete what the set owns.",
    "unlock": "Show who holds the lock of the set, and remove it if it has expired.",
    "rbac": "Print the minimal RBAC roles that a cluster must grant.",
    "store": "Maintain the embedded store.",
    "completion": "Print the completion script of a shell.",
    "version": "Show the versions of the program and of Python.",
}
"""Each command and what it is for; it is the object of its name in the module of its name.

A command whose name is a keyword of Python has an underscore there.
"""

# As `options.examples` would write them, which takes as long to import as all the rest.
_EXAMPLES = """\b
Examples:
  reconciler plan manifests/ --out release.plan
  reconciler apply release.plan
  reconciler drift
  reconciler COMMAND --help
"""


@click.group(
    cls=Program,
    summaries=_COMMANDS,
    # As wide as the terminal, whatever that is.
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 1000},
    epilog=_EXAMPLES,
)
@listed(
    Topic.WHERE,
    "--chdir",
    "-C",
    metavar="DIRECTORY",
    is_eager=True,
    expose_value=False,
    callback=go_there,
    help="Change to this directory first. Goes before the command.",
)
@click.version_option(__version__, prog_name="reconciler")
def main() -> None:
    """Reconcile Secrets with a store: plan, review, apply exactly that plan.

    No command ever prints a secret value. Exit codes: 0 done or in sync, 1 error, 2 drift or
    changes present (drift, --detailed-exitcode of plan and diff), 3 refused by a guard, 4 stale
    plan, 5 applied in part, 130 interrupted.

    Options can also be set by environment variables and in a configuration file: the one that
    --config names, or else the nearest `reconciler.yaml` between the working directory and the
    root of its repository. The command line takes precedence over the environment, and the
    environment over the file.
    """
