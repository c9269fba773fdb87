"""``reconciler export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.config import Configured
from reconciler.cli.environment import environ
from reconciler.cli.invocation import tell_configuration
from reconciler.cli.live import alive
from reconciler.cli.options import (
    STORE,
    examples,
    plan_options,
    run_options,
)
from reconciler.cli.parameters import listed
from reconciler.cli.requests import environment_of, opened
from reconciler.cli.terminal import remark
from reconciler.errors import ConfigError, ExitCode
from reconciler.escapes import escaped
from reconciler.files import write_over_own, write_whole
from reconciler.model.options import Topic


@click.command(
    cls=Configured,
    epilog=examples(
        "reconciler export",
        "reconciler export --reveal --out shop.yaml",
        "reconciler export --sops --out secrets/shop.yaml",
        "reconciler export --target Secret/shop/database --reveal --out database.yaml",
    ),
)
@run_options(STORE)
@plan_options(
    "set_name", "targets", targets="Export only this object, of whatever set. Repeatable."
)
@listed(Topic.OUTPUT, "--reveal", is_flag=True, help="Include the values. Requires --out.")
@listed(
    Topic.WHAT,
    "--all-keys",
    is_flag=True,
    help="Include the keys of data that others have added.",
)
@listed(
    Topic.OUTPUT,
    "--sops",
    is_flag=True,
    help="Write the values encrypted, by the rule of .sops.yaml for the file of --out.",
)
@listed(
    Topic.OUTPUT,
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file, which only you can read.",
)
def export(
    out: Path | None, *, reveal: bool, sops: bool, all_keys: bool, **settings: Any
) -> ExitCode:
    """Write the live objects of the set as manifests.

    With --reveal, planning these manifests shows no changes, apart from drift. Without it, each
    value is masked, and no existing file is overwritten; plan and apply refuse a mask as a value.
    Without --all-keys, keys that others added are left out. With --sops, the program sops encrypts
    the values. It gets them by a pipe: nothing plain reaches a disk.
    """
    from reconciler import workflow

    if sops and out is None:
        raise ConfigError("--sops: the rule is that for a file", hint="name the file with --out")
    if reveal and out is None:
        raise ConfigError(
            "--reveal: values are never written to standard output",
            hint="name a file with --out; it will be readable by you alone",
        )
    tell_configuration()
    environment = environment_of(settings)
    set_name = environment.options.set_name
    with opened(environment) as store, alive("Reading the store"):
        targets = environment.options.targets
        lives = workflow.exported(store, set_name, targets, reveal=reveal or sops)
    if not lives:
        remark(f"Note: the store holds nothing of the set {set_name}")
    for note in workflow.remarks_on(lives):
        remark(escaped(f"Note: {note}"))
    text = workflow.manifests_of(lives, reveal=reveal or sops, all_keys=all_keys)
    if sops and out is not None and lives:
        text = workflow.encrypted(text, out, environ())
    if out is None:
        click.echo(text, nl=False)
    elif reveal or sops:
        write_whole(out, text.encode(), mode=0o600)
    else:  # masks must not take the place of values
        write_over_own(out, text.encode(), mode=0o600, mark=None)
    return ExitCode.OK
