"""A new master key for a store, in one transaction."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.errors import ConfigError
from reconciler.stores.sqlite import locks
from reconciler.stores.sqlite.database import Database
from reconciler.stores.sqlite.header import Header
from reconciler.stores.sqlite.masterkey import NEW_STORE_KEY, given_key, write_key_file
from reconciler.stores.sqlite.sealing import MASTER_KEY_BYTES, Sealer
from reconciler.stores.sqlite.tables import Contents


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What was encrypted anew; ``key_file`` is where the new key is, empty where it was given."""

    objects: int
    values: int
    key_file: str


def rekey(database: Database, environ: Mapping[str, str]) -> Rekeyed:
    """Encrypt everything anew under a new master key.

    The new key is that of ``RECONCILER_STORE_NEW_KEY`` or ``RECONCILER_STORE_NEW_KEY_FILE``. Where
    neither is set and the key is kept beside the store, it is a random one, and it is put there.

    Raises:
        ConfigError: the key is given by the environment, and no new one is.
        StoreLocked: a set is locked.
        StoreUnavailable: another process is reading; then the new key is in use already.
    """
    master = database.master
    new_key = given_key(environ, NEW_STORE_KEY)
    if new_key is None:
        if master.given is not None:
            raise ConfigError(
                "the master key is given by the environment, and no new one is",
                hint=f"put the new key into {NEW_STORE_KEY} or {NEW_STORE_KEY}_FILE",
            )
        new_key = secrets.token_bytes(MASTER_KEY_BYTES)
    sealer = Sealer(new_key)

    def before() -> None:
        if master.given is None:
            # On the disk before the store needs it; no other process writes it, for the store is
            # locked by this transaction.
            write_key_file(master.successor, new_key, replace=True)

    counts = database.write(lambda contents: _reseal(contents, sealer, before))
    if master.given is None:
        database.write(lambda _: None, keep=False)  # finds the successor and puts it in place
    database.compact()
    objects, values = counts
    return Rekeyed(objects, values, key_file="" if master.given else str(master.file))


def _reseal(contents: Contents, sealer: Sealer, before: Callable[[], None]) -> tuple[int, int]:
    """Seal all of `contents` by `sealer`; `before` runs when nothing can refuse it any more."""
    locks.refuse_locked(contents.connection, time.time())
    header = contents.header
    fresh = Header.made(header.id, sealer, contents.fingerprint_key())
    values = contents.reseal(sealer)
    contents.connection.execute(
        "UPDATE store SET key_check = ?, fingerprint_key = ?",
        (fresh.key_check, fresh.fingerprint_key),
    )
    before()
    return header.totals["objects"].count + header.totals["copies"].count, values
