"""``reconciler store``: what is done to a store itself."""

from __future__ import annotations

import click

from reconciler.cli.command import CommandGroup
from reconciler.cli.config import Configured
from reconciler.cli.environment import environ
from reconciler.cli.invocation import tell_configuration
from reconciler.cli.options import STORE, examples, run_options
from reconciler.errors import ConfigError, ExitCode
from reconciler.escapes import escaped, inert
from reconciler.model.opening import StoreChoice


@click.group(cls=CommandGroup, epilog=examples("reconciler store rekey"))
def store() -> None:
    """Maintain the embedded store."""


@store.command(
    cls=Configured,
    epilog=examples(
        "reconciler store rekey",
        "reconciler store rekey --store sqlite:/var/lib/shop/secrets.db",
    ),
)
@run_options(STORE)
def rekey(store: StoreChoice) -> ExitCode:
    """Encrypt the embedded store with a new key.

    The new key is taken from RECONCILER_STORE_NEW_KEY. If the old key is in a file beside the
    store, the new one replaces that file; without the variable, it is random. If the command is
    interrupted, the store opens with one of the two keys: run the command again.
    """
    from reconciler.stores.sqlite.opening import rekey as rekeyed

    tell_configuration()

    if store.url.partition(":")[0] != "sqlite":
        raise ConfigError("only the embedded store, sqlite:PATH, has a key of its own")
    result = rekeyed(store.url, environ())
    place = result.key_file or "in RECONCILER_STORE_NEW_KEY, to be RECONCILER_STORE_KEY from now on"
    click.echo(f"Encrypted {result.values} values of {result.objects} objects with a new key.")
    click.echo(inert(escaped(f"The new key is {place}.")))
    return ExitCode.OK
