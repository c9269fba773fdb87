"""The embedded store: ``sqlite:PATH``, a file with its values encrypted, and no server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import ConfigError
from reconciler.model.store import Opening
from reconciler.stores.keys import given_fingerprint_key
from reconciler.stores.sqlite import owners, rekeying
from reconciler.stores.sqlite.database import Database
from reconciler.stores.sqlite.faults import faults
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


def open_store(opening: Opening) -> EmbeddedStore:
    """Open the store ``sqlite:PATH``, relative to the current directory; creates nothing.

    Raises:
        ConfigError: there is no path, or a key in the environment cannot be used.
        StoreError: the links on the way to the file cannot be followed.
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
    if not shown or shown.endswith("/"):
        raise ConfigError(f"{url} names no file", hint="write sqlite:PATH")
    # Links are resolved once: SQLite, the key file and all readers have to mean the same place, and
    # a link must not be replaced by a file.
    path = Path(os.path.realpath(shown))
    key_path = path.with_name(path.name.removesuffix(".db") + ".key")
    key_file = Path(os.path.realpath(key_path))
    with faults(shown):
        links = (*owners.links_towards(Path(shown).absolute()), *owners.links_towards(key_path))
    return Database(
        path,
        shown,
        MasterKey(key_file, given_key(environ, STORE_KEY)),
        links=links,
        trusted=owners.trusted_users(environ),
    )
