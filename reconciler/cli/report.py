"""``reconciler report``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.command import Command
from reconciler.cli.options import examples
from reconciler.cli.output import output_options, show, verbosity_options
from reconciler.cli.parameters import listed
from reconciler.cli.terminal import remark
from reconciler.errors import ExitCode
from reconciler.model.options import Topic
from reconciler.views.formats import Subject

_LEAST = 5_000
_LIMIT = 65_536
_LONGEST_KEY = 200


def _short_enough(_: click.Context, __: click.Parameter, key: str) -> str:
    if len(key) > _LONGEST_KEY:
        raise click.BadParameter(f"a key has at most {_LONGEST_KEY} characters")
    return key


@click.command(
    cls=Command,
    epilog=examples(
        "reconciler report plan.json",
        "reconciler report blue.json green.json -o markdown --key shop",
        "reconciler report plan.json --report markdown=comment.md",
        "reconciler report shards/",
        "reconciler report drift-blue.json drift-green.json -o html",
    ),
)
@click.argument(
    "files", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@output_options(Subject.REPORT, Subject.DRIFTS, Subject.ENVIRONMENTS)
@listed(
    Topic.OUTPUT,
    "--key",
    default="",
    callback=_short_enough,
    help="Markdown: begin with a hidden marker of this key, by which to find the comment again.",
)
@listed(
    Topic.OUTPUT,
    "--limit",
    type=click.IntRange(min=_LEAST),
    metavar="N",
    default=_LIMIT,
    show_default=True,
    help="Markdown: at most so many characters. The least risky entries are left out first.",
)
@verbosity_options()
def report(files: tuple[Path, ...], **settings: Any) -> ExitCode:
    """Show plans or drift reports that were written as JSON.

    Several are one report. A file may hold those of several environments.

    Needs neither manifests nor store, and trusts nothing in the files: they may come from a fork.

    PATH is what `plan` or `drift` has written with `-o json` or `--report json=FILE`, or a
    directory of such files. Those of all shards of a run are one report; if a shard is missing, the
    exit code is 1. The format junit shows drift alone, and gitlab-terraform plans alone.
    """
    from reconciler.views.formats import Environments
    from reconciler.workflow.gathering import gathered

    subject, shown = gathered(files)
    show(subject, shown, settings)
    missing = shown.missing if isinstance(shown, Environments) else ()
    for shard in missing:
        remark(f"Shard {shard} is missing: there is no report of it.")
    return ExitCode.ERROR if missing else ExitCode.OK
