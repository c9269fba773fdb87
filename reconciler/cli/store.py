"""``reconciler store``: what is done to a store itself."""

from __future__ import annotations

import os

import click

from reconciler.cli.config import Configured
from reconciler.cli.options import examples, store_option
from reconciler.errors import ConfigError, ExitCode
from reconciler.escapes import escaped, inert


@click.group(epilog=examples("reconciler store rekey"))
def store() -> None:
    """Look after the embedded store."""


@store.command(
    cls=Configured,
    epilog=examples(
        "reconciler store rekey",
        "reconciler store rekey --store sqlite:/var/lib/shop/secrets.db",
    ),
)
@store_option
def rekey(store: str) -> ExitCode:
    """Encrypt everything in the embedded store anew, under a new key.

    The new key is taken from RECONCILER_STORE_NEW_KEY where the old one is taken from
    RECONCILER_STORE_KEY; else a new key file is made beside the store. Should it be interrupted,
    the store opens with the one key or the other, and the command can be run again.
    """
    from reconciler.stores import sqlite

    if store.partition(":")[0] != "sqlite":
        raise ConfigError("only the embedded store, sqlite:PATH, has a key of its own")
    result = sqlite.rekey(store, os.environ)
    place = result.key_file or "in RECONCILER_STORE_NEW_KEY, to be RECONCILER_STORE_KEY from now on"
    click.echo(f"Encrypted {result.values} values of {result.objects} objects anew.")
    click.echo(inert(escaped(f"The new key is {place}.")))
    return ExitCode.OK
