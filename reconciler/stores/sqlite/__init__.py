"""The embedded store: ``sqlite:PATH``, a file with its values encrypted, and no server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import ConfigError
from reconciler.model.store import Opening
from reconciler.stores.keys import given_fingerprint_key
from reconciler.stores.sqlite import rekeying
from reconciler.stores.sqlite.database import Database
from reconciler.stores.sqlite.masterkey import (
    STORE_KEY,
    MasterKey,
    given_key,
)
from reconciler.stores.sqlite.rekeying import Rekeyed
from reconciler.stores.sqlite.store import EmbeddedStore

__all__ = ["OPTIONS", "EmbeddedStore", "Rekeyed", "open_store", "rekey"]

OPTIONS: frozenset[str] = frozenset()
"""The options of the command line that only this store has."""

# A host, or a user name with a password: messages show the path, so these must not get into it.
_MORE_THAN_A_PATH = re.compile(r"^//[^/]|://|\?|:.*@", re.DOTALL)


def open_store(opening: Opening) -> EmbeddedStore:
    """Open the store ``sqlite:PATH``, relative to the current directory; creates nothing.

    Raises:
        ConfigError: there is no path, or a key in the environment cannot be used.
    """
    environ = opening.environ
    return EmbeddedStore(_database(opening.url, environ), given_fingerprint_key(environ))


def rekey(url: str, environ: Mapping[str, str]) -> Rekeyed:
    """Encrypt the store ``sqlite:PATH`` anew; see `reconciler.stores.sqlite.rekeying.rekey`."""
    database = _database(url, environ)
    try:
        return rekeying.rekey(database, environ)
    finally:
        database.close()


def _database(url: str, environ: Mapping[str, str]) -> Database:
    shown = url.partition(":")[2]
    if _MORE_THAN_A_PATH.search(shown):
        raise ConfigError(
            "the URL of the embedded store holds more than a path",
            hint="write sqlite:PATH, without a host, a password or parameters",
        )
    if not shown or shown.endswith("/"):
        raise ConfigError("the URL of the embedded store names no file", hint="write sqlite:PATH")
    path = Path(shown).absolute()
    key_file = path.with_name(path.name.removesuffix(".db") + ".key")
    return Database(path, shown, MasterKey(key_file, given_key(environ, STORE_KEY)))
