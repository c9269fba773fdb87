"""The store's header: which store it is, under which key, and how much it holds."""

from __future__ import annotations

import dataclasses
import sqlite3
from dataclasses import dataclass
from typing import Any

from reconciler.errors import StoreError
from reconciler.stores.sqlite.rows import Damage
from reconciler.stores.sqlite.sealing import BrokenSeal, Sealer

FORMAT = 1
"""The format that this version writes. Every format keeps ``id``, ``format``, ``key_check``."""

_KEY_CHECK = b"reconciler"


@dataclass(slots=True)
class Header:
    """The row of the table ``store``.

    ``version`` is the last resource version given; ``objects`` and ``copies`` count the rows, so
    that a lost page is noticed.
    """

    id: str
    format: int
    key_check: bytes
    fingerprint_key: bytes
    version: int
    objects: int
    copies: int

    @classmethod
    def made(cls, store_id: str, sealer: Sealer, fingerprint_key: bytes) -> Header:
        """The header of a store under the key of `sealer`, without any objects."""
        bound = _check_bound(store_id, FORMAT)
        return cls(
            id=store_id,
            format=FORMAT,
            key_check=sealer.seal(_KEY_CHECK, bound),
            fingerprint_key=sealer.seal(fingerprint_key, _fingerprint_bound(store_id)),
            version=0,
            objects=0,
            copies=0,
        )

    def opened_fingerprint_key(self, sealer: Sealer) -> bytes:
        """The key of the fingerprints.

        Raises:
            Damage: it does not open.
        """
        try:
            return sealer.open(self.fingerprint_key, _fingerprint_bound(self.id))
        except BrokenSeal:
            raise Damage("its fingerprint key does not open") from None


def read_header(connection: sqlite3.Connection) -> dict[str, Any]:
    """The header's columns by name, whatever the format.

    Raises:
        Damage: there is not exactly one.
    """
    cursor = connection.execute("SELECT * FROM store")
    found = cursor.fetchall()
    if len(found) != 1:
        raise Damage("its header is missing")
    columns = {column[0]: value for column, value in zip(cursor.description, found[0], strict=True)}
    if not {"id", "format", "key_check"} <= columns.keys():
        raise Damage("its header is not whole")
    return columns


def header_with(connection: sqlite3.Connection, key_check: bytes) -> Header | None:
    """The header, where it is still the one with that key check, and so of a known format."""
    found = connection.execute("SELECT * FROM store WHERE key_check = ?", (key_check,)).fetchone()
    return None if found is None else Header(*found)


def key_fits(columns: dict[str, Any], sealer: Sealer) -> bool:
    """Whether the store with the header `columns` was written under the key of `sealer`."""
    try:
        sealer.open(columns["key_check"], _check_bound(columns["id"], columns["format"]))
    except BrokenSeal:
        return False
    return True


def checked_header(columns: dict[str, Any]) -> Header:
    """The header, after `key_fits` has said yes.

    Raises:
        StoreError: a newer version of this program wrote it.
        Damage: it is not whole.
    """
    if columns["format"] > FORMAT:
        raise StoreError(
            f"the store has format {columns['format']}, and this version knows format {FORMAT}",
            hint="use the newer version of reconciler that wrote it",
        )
    names = [field.name for field in dataclasses.fields(Header)]
    if sorted(columns) != sorted(names):
        raise Damage("its header is not whole")
    if not all(isinstance(columns[name], int) for name in ("version", "objects", "copies")):
        raise Damage("its header is not whole")
    return Header(**columns)


def write_header(connection: sqlite3.Connection, header: Header) -> None:
    """Put `header` in the place of the one there is."""
    connection.execute("DELETE FROM store")
    connection.execute(
        "INSERT INTO store VALUES (?, ?, ?, ?, ?, ?, ?)", dataclasses.astuple(header)
    )


def _check_bound(store_id: object, store_format: object) -> bytes:
    return f"key check\0{store_format!r}\0{store_id!r}".encode()


def _fingerprint_bound(store_id: str) -> bytes:
    return f"fingerprint key\0{store_id}".encode()
