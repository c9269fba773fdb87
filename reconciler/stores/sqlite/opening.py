"""From the URL of an embedded store to its files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import ConfigError
from reconciler.stores.sqlite import owners, rekeying
from reconciler.stores.sqlite.database import BUSY_SECONDS, Database
from reconciler.stores.sqlite.faults import faults
from reconciler.stores.sqlite.masterkey import STORE_KEY, MasterKey, given_key
from reconciler.stores.sqlite.rekeying import Rekeyed

# A host, or a user name with a password: messages show the path, so these must not get into it.
_MORE_THAN_A_PATH = re.compile(r"^//[^/]|://|\?|:.*@", re.DOTALL)


def rekey(url: str, environ: Mapping[str, str]) -> Rekeyed:
    """Encrypt the store ``sqlite:PATH`` anew; see `reconciler.stores.sqlite.rekeying.rekey`."""
    database = database_of(url, environ)
    try:
        return rekeying.rekey(database, environ)
    finally:
        database.close()


def database_of(
    url: str, environ: Mapping[str, str], *, busy_seconds: float = BUSY_SECONDS
) -> Database:
    """The file that ``sqlite:PATH`` names, relative to the current directory.

    Raises:
        ConfigError: there is no path, or a key in the environment cannot be used.
        StoreError: the links on the way to the file cannot be followed.
    """
    shown = url.partition(":")[2]
    if _MORE_THAN_A_PATH.search(shown):
        raise ConfigError(
            "the URL of the embedded store holds more than a path",
            hint="write sqlite:PATH, without a host, a password or parameters",
        )
    if not shown or shown.endswith("/"):
        raise ConfigError("the URL of the embedded store names no file", hint="write sqlite:PATH")
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
        busy_seconds=busy_seconds,
    )
