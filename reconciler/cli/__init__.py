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
    "init": "Write a configuration file and a first manifest, over nothing that is there.",
    "validate": "Check manifests as an API server would, without one.",
    "plan": "Show what an apply would change.",
    "apply": "Plan, ask, and make the changes; or make just those of a saved plan.",
    "show": "Show a saved plan, stale or not.",
    "drift": "Show what somebody else did to what was applied last.",
    "get": "Show what the set holds in the store.",
    "history": "Show the last runs of the set: when, who, how many changes.",
    "graph": "Draw what the manifests hold, what needs what, and the waves.",
    "export": "Turn live objects into manifests.",
    "import": "Write manifests of live objects that no set owns.",
    "release": "Let objects go from the set without deleting them.",
    "destroy": "Delete what the set owns, under all guards.",
    "unlock": "Show who holds the lock of the set, and remove one left behind.",
    "rbac": "Print the least roles that a cluster must grant.",
    "store": "Look after the embedded store.",
    "completion": "Print what makes a shell complete commands and options.",
    "version": "Show the version of the program and its Python.",
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
    help="Run as if started in this directory. Goes before the command.",
)
@click.version_option(__version__, prog_name="reconciler")
def main() -> None:
    """Reconcile Secrets with a store: plan, review, apply exactly that plan.

    No command ever prints a secret value. Exit codes: 0 done or in sync, 1 error, 2 drift or
    changes present (drift, plan --detailed-exitcode), 3 refused by a guard, 4 stale plan, 5
    applied in part, 130 interrupted.

    Options may also stand in the environment and in a configuration file: that of --config, or
    `reconciler.yaml`, looked for from the working directory up to the root of its repository. The
    command line wins over the environment, that over the file.
    """
