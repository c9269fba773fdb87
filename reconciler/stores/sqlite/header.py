"""The store's header: which store it is, under which key, and how much it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import StoreError
from reconciler.stores.sqlite.rows import Damage
from reconciler.stores.sqlite.sealing import BrokenSeal, Sealer

FORMAT = 2
"""The format that this version writes. Every format keeps ``id``, ``format``, ``key_check``."""

_KEY_CHECK = b"reconciler"
_NUMBER_BYTES = 16
_COLUMNS = ("id", "format", "key_check", "fingerprint_key", "totals")
NUMBERS = 2**128
"""Sums of shares are taken modulo this."""
TABLES = ("objects", "copies", "vanished")


@dataclass(slots=True)
class Totals:
    """The totals of a table: the number of its rows, and the sum of their shares.

    Shares are keyed and nobody sees them, so who has no key can neither drop a row nor put an
    older one back so that the sum is right.
    """

    count: int = 0
    sum: int = 0

    def add(self, share: int) -> None:
        """Count a row in."""
        self.count += 1
        self.sum = (self.sum + share) % NUMBERS

    def take(self, share: int) -> None:
        """Count a row out."""
        self.count -= 1
        self.sum = (self.sum - share) % NUMBERS


@dataclass(slots=True)
class Header:
    """The row of the table ``store``, with its sealed column ``totals`` opened.

    ``version`` is the last resource version given; ``totals`` has those of each of `TABLES`.
    """

    id: str
    format: int
    key_check: bytes
    fingerprint_key: bytes
    version: int = 0
    totals: dict[str, Totals] = field(default_factory=lambda: {name: Totals() for name in TABLES})

    @classmethod
    def made(cls, store_id: str, sealer: Sealer, fingerprint_key: bytes) -> Header:
        """The header of a store under the key of `sealer`, without any objects."""
        bound = _check_bound(store_id, FORMAT)
        return cls(
            id=store_id,
            format=FORMAT,
            key_check=sealer.seal(_KEY_CHECK, bound),
            fingerprint_key=sealer.seal(fingerprint_key, _fingerprint_bound(store_id)),
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

    def sealed_totals(self, sealer: Sealer) -> bytes:
        """The column ``totals``."""
        numbers = [self.version]
        for name in TABLES:
            numbers += [self.totals[name].count, self.totals[name].sum]
        content = b"".join(number.to_bytes(_NUMBER_BYTES) for number in numbers)
        return sealer.seal(content, _totals_bound(self.id))


def read_header(connection: sqlite3.Connection) -> dict[str, Any]:
    """The header's columns by name, whatever the format.

    Raises:
        Damage: there is not exactly one.
    """
    cursor = connection.execute("SELECT * FROM store")
    rows = cursor.fetchall()
    if len(rows) != 1:
        raise Damage("its header is missing")
    columns = {column[0]: value for column, value in zip(cursor.description, rows[0], strict=True)}
    if not {"id", "format", "key_check"} <= columns.keys():
        raise Damage("its header is not whole")
    return columns


def header_with(connection: sqlite3.Connection, key_check: bytes, sealer: Sealer) -> Header | None:
    """The header, if it still has that key check, and so a format that was checked before."""
    row = connection.execute("SELECT * FROM store WHERE key_check = ?", (key_check,)).fetchone()
    return None if row is None else _opened(row, sealer)


def key_fits(columns: dict[str, Any], sealer: Sealer) -> bool:
    """Whether the store with the header `columns` was written under the key of `sealer`."""
    try:
        sealer.open(columns["key_check"], _check_bound(columns["id"], columns["format"]))
    except BrokenSeal:
        return False
    return True


def checked_header(columns: dict[str, Any], sealer: Sealer) -> Header:
    """The header, after `key_fits` has said yes.

    Raises:
        StoreError: another version of this program wrote it.
        Damage: it is not whole.
    """
    if columns["format"] > FORMAT:
        raise StoreError(
            f"the store has format {columns['format']}, and this version knows format {FORMAT}",
            hint="use the newer version of reconciler that wrote it",
        )
    if columns["format"] < FORMAT:
        raise StoreError(
            f"the store has format {columns['format']}, of before the first release",
            hint="put it aside, and apply the manifests to a new one",
        )
    if list(columns) != [*_COLUMNS]:
        raise Damage("its header is not whole")
    return _opened([*columns.values()], sealer)


def _opened(columns: Sequence[Any], sealer: Sealer) -> Header:
    store_id, store_format, key_check, fingerprint_key, totals = columns
    try:
        content = sealer.open(totals, _totals_bound(store_id))
    except BrokenSeal:
        raise Damage("its totals do not open") from None
    starts = range(0, len(content), _NUMBER_BYTES)
    version, *numbers = (int.from_bytes(content[at : at + _NUMBER_BYTES]) for at in starts)
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    totals_of_tables = {name: Totals(*pair) for name, pair in zip(TABLES, pairs, strict=True)}
    return Header(store_id, store_format, key_check, fingerprint_key, version, totals_of_tables)


def write_header(connection: sqlite3.Connection, header: Header, sealer: Sealer) -> None:
    """Replace the header."""
    connection.execute("DELETE FROM store")
    connection.execute(
        "INSERT INTO store VALUES (?, ?, ?, ?, ?)",
        (
            header.id,
            header.format,
            header.key_check,
            header.fingerprint_key,
            header.sealed_totals(sealer),
        ),
    )


def _check_bound(store_id: object, store_format: object) -> bytes:
    return f"key check\0{store_format!r}\0{store_id!r}".encode()


def _fingerprint_bound(store_id: str) -> bytes:
    return f"fingerprint key\0{store_id}".encode()


def _totals_bound(store_id: str) -> bytes:
    return f"totals\0{store_id}".encode()
