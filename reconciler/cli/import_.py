"""``reconciler import``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.invocation import tell_configuration
from reconciler.cli.options import STORE, examples, plan_options, run_options
from reconciler.cli.parameters import listed
from reconciler.cli.requests import environment_of, opened
from reconciler.cli.terminal import remark
from reconciler.cli.types import TargetType
from reconciler.errors import ExitCode
from reconciler.escapes import escaped
from reconciler.files import write_new
from reconciler.model.objects import ObjectKey
from reconciler.model.options import Topic


@click.command(
    "import",
    cls=Configured,
    epilog=examples(
        "reconciler import Secret/shop/database --reveal --out database.yaml",
        "reconciler import Secret/shop/database Namespace/shop --out shop.yaml",
    ),
)
@click.argument("keys", metavar="KIND/NS/NAME...", nargs=-1, required=True, type=TargetType())
@run_options(STORE)
@plan_options("set_name")
@listed(Topic.OUTPUT, "--reveal", is_flag=True, help="Include the values.")
@listed(
    Topic.OUTPUT,
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Write to this new file, which only you can read.",
)
def import_(keys: tuple[ObjectKey, ...], out: Path, *, reveal: bool, **settings: Any) -> ExitCode:
    """Write live objects that no set owns as manifests, so that a set can take them over.

    With --reveal, `reconciler apply FILE --adopt` changes nothing but the owner. Without it, each
    value is masked: put the values in before you apply, since a mask is refused as a value.
    """
    from reconciler import workflow

    tell_configuration()
    environment = environment_of(settings)
    with opened(environment) as store:
        lives = workflow.imported(
            store, environment.options.set_name, dict.fromkeys(keys), reveal=reveal
        )
    write_new(out, workflow.manifests_of(lives, reveal=reveal).encode())
    for text in workflow.remarks_on(lives):
        remark(escaped(f"Note: {text}"))
    _tell(len(lives), shlex.quote(str(out)), reveal=reveal)
    return ExitCode.OK


def _tell(count: int, out: str, *, reveal: bool) -> None:
    what = f"Wrote {count} {'object' if count == 1 else 'objects'} to {out}"
    step = f"take {'it' if count == 1 else 'them'} over: reconciler apply {out} --adopt"
    if reveal:
        remark(escaped(f"{what}, with values in clear. Next, {step}"))
    else:
        remark(escaped(f"{what}, without values: a mark stands in place of each."))
        remark(escaped(f"Put the values in, or import with --reveal. Then {step}"))
