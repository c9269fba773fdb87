"""Creates a store: completely, under a temporary name, which then becomes its own."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from reconciler.errors import StoreError, StoreUnavailable
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES
from reconciler.stores.sqlite import seeds
from reconciler.stores.sqlite.files import put_in_place, temporary_file
from reconciler.stores.sqlite.header import Header, write_header
from reconciler.stores.sqlite.sealing import Sealer
from reconciler.stores.sqlite.tables import SCHEMA, Contents, new_uid


def make(path: Path, sealer: Sealer) -> None:
    """Create a store at `path`, unless there is one.

    SQLite says nothing where it cannot move the log into the file as it closes it. So the log
    begins only when everything is in the file, and a file that would need one gets no name.

    Raises:
        OSError, sqlite3.Error: a file cannot be written.
        StoreError: the file system cannot keep a store, or the file would not be whole.
    """
    with temporary_file(path) as (made, _):
        with closing(sqlite3.connect(made, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = OFF")  # what fails is thrown away
            _fill(connection, sealer)
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            busy, logged, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if mode != "wal":
            raise StoreError(
                f"{path}: its file system cannot keep a write-ahead log",
                hint="put the store on a local file system",
            )
        if busy or logged:
            raise StoreUnavailable(f"{path}: cannot be made, as its log cannot be moved into it")
        put_in_place(made, path)


def _fill(connection: sqlite3.Connection, sealer: Sealer) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA:
        connection.execute(statement)
    header = Header.made(new_uid(), sealer, secrets.token_bytes(FINGERPRINT_KEY_BYTES))
    contents = Contents(connection, sealer, header)
    seeds.plant(contents)
    write_header(connection, header, sealer)
    connection.execute("COMMIT")
