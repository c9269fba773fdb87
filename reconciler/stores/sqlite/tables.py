"""The tables, and what one transaction finds in them and changes."""

# ruff: noqa: S608 - the statements are put together from names that stand in this file

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache

from reconciler.errors import ObjectInvalid
from reconciler.model.objects import NAMESPACE, SECRET, SERVICE_ACCOUNT, Live, ObjectKey
from reconciler.stores.sqlite import rows
from reconciler.stores.sqlite.header import Header
from reconciler.stores.sqlite.rows import Damage, Row
from reconciler.stores.sqlite.sealing import Sealer

_UID_BYTES = 16
_UID_VARIANTS = "89ab"

TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 - a type of Secret

_ROW = """kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,
    version INTEGER NOT NULL, type TEXT NOT NULL, created TEXT NOT NULL, set_name TEXT,
    owner_uids TEXT NOT NULL, mark BLOB NOT NULL, body BLOB NOT NULL, data BLOB NOT NULL,
    UNIQUE (kind, namespace, name)"""

SCHEMA = (
    """CREATE TABLE store (id TEXT NOT NULL, format INTEGER NOT NULL, key_check BLOB NOT NULL,
    fingerprint_key BLOB NOT NULL, version INTEGER NOT NULL, objects INTEGER NOT NULL,
    copies INTEGER NOT NULL)""",
    f"CREATE TABLE objects ({_ROW})",
    f"CREATE TABLE copies ({_ROW})",
    "CREATE INDEX owned ON objects (owner_uids) WHERE owner_uids <> ''",
    f"CREATE INDEX tokens ON objects (namespace) WHERE type = '{TOKEN_TYPE}'",
    """CREATE TABLE vanished (set_name TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL,
    name TEXT NOT NULL, UNIQUE (kind, namespace, name))""",
    """CREATE TABLE locks (set_name TEXT PRIMARY KEY, holder TEXT NOT NULL, since REAL NOT NULL,
    until REAL NOT NULL)""",
)

_COLUMNS = ", ".join(Row._fields)
_BY_KEY = "kind = ? AND namespace = ? AND name = ?"
_PLACES = ", ".join("?" * len(Row._fields))
_FIND = f"SELECT {_COLUMNS} FROM objects WHERE {_BY_KEY}"
_ADD = f"INSERT OR IGNORE INTO objects ({_COLUMNS}) VALUES ({_PLACES})"
_REWRITE = f"UPDATE objects SET {', '.join(f'{name} = ?' for name in Row._fields)} WHERE {_BY_KEY}"
_SURROUNDINGS = (
    f"SELECT EXISTS (SELECT 1 FROM objects WHERE {_BY_KEY}),"
    f" EXISTS (SELECT 1 FROM vanished WHERE {_BY_KEY})"
)
_KEEP = f"INSERT OR REPLACE INTO copies SELECT * FROM objects WHERE {_BY_KEY}"


class Contents:
    """What the store holds, within one transaction and under one key."""

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer, header: Header) -> None:
        self.connection = connection
        self.sealer = sealer
        self.header = header

    def fingerprint_key(self) -> bytes:
        """The key of the fingerprints."""
        return self.header.opened_fingerprint_key(self.sealer)

    def find(self, key: ObjectKey) -> Row | None:
        """The row of that key."""
        found = self.connection.execute(_FIND, key).fetchone()
        return None if found is None else rows.checked(found, self.sealer)

    def refuse_lost(self, key: ObjectKey) -> None:
        """Tell an object that is not there from one that only the index has lost.

        Raises:
            Damage: it is there.
        """
        query = f"SELECT 1 FROM objects NOT INDEXED WHERE {_BY_KEY}"
        if self.connection.execute(query, key).fetchone():
            raise Damage(f"its index has lost {key}")

    def live(self, row: Row) -> Live:
        """The object in `row`, opened."""
        return rows.from_row(row, self.sealer)

    def surroundings(self, key: ObjectKey) -> tuple[bool, bool]:
        """Whether the Namespace of `key` is there, and whether an object of `key` has vanished."""
        # One query for both: each costs more than what it looks for.
        found = self.connection.execute(_SURROUNDINGS, (NAMESPACE, "", key.namespace, *key))
        namespace, vanished = found.fetchone()
        return bool(namespace), bool(vanished)

    def all(self, table: str) -> Iterator[Row]:
        """Every row of ``objects`` or ``copies``, each seen once and none missing.

        Raises:
            Damage: rows are missing, doubled or newer than the header.
        """
        seen: set[tuple[str, ...]] = set()
        for found in self.connection.execute(f"SELECT {_COLUMNS} FROM {table} NOT INDEXED"):
            row = rows.checked(found, self.sealer)
            if row.version > self.header.version:
                raise Damage(f"{row.key} is newer than the store")
            seen.add(row[:3])
            yield row
        count = self.header.objects if table == "objects" else self.header.copies
        if len(seen) != count:
            raise Damage(f"it should hold {count} {table} and holds {len(seen)}")

    def next_version(self) -> str:
        """A resource version that no object has had."""
        self.header.version += 1
        return str(self.header.version)

    def add(self, live: Live, *, automatic: bool = False) -> bool:
        """Add an object, under its version; tells whether it is added and its key not taken."""
        if self.connection.execute(_ADD, self._row(live, automatic=automatic)).rowcount == 0:
            return False
        self.header.objects += 1
        return True

    def rewrite(self, live: Live) -> Live:
        """Put `live` in the place of the object of that key; returns it with its new version."""
        live = dataclasses.replace(live, resource_version=self.next_version())
        self.connection.execute(_REWRITE, (*self._row(live), *live.key))
        return live

    def remove(self, key: ObjectKey) -> None:
        """Remove the object of that key, which is there."""
        self.connection.execute(f"DELETE FROM objects WHERE {_BY_KEY}", key)
        self.header.version += 1
        self.header.objects -= 1

    def remember_vanished(self, live: Live) -> None:
        """Note that `live` is gone, where a set had applied it: until it is created again."""
        if live.applied is not None:
            self.connection.execute(
                "INSERT OR REPLACE INTO vanished VALUES (?, ?, ?, ?)",
                (live.applied.set_name, *live.key),
            )

    def forget_vanished(self, key: ObjectKey) -> None:
        """An object of that key is there again, or its set wanted it gone."""
        self.connection.execute(f"DELETE FROM vanished WHERE {_BY_KEY}", key)

    def vanished(self, set_name: str) -> frozenset[ObjectKey]:
        """The objects that the set had applied and that are gone."""
        query = "SELECT kind, namespace, name FROM vanished WHERE set_name = ?"
        return frozenset(ObjectKey(*row) for row in self.connection.execute(query, (set_name,)))

    def keep_copy(self, key: ObjectKey) -> None:
        """Put a copy of the object of that key in place of any that was kept before."""
        # Sealed rows are bound to the object and not to the table, so they can move as they are.
        self.connection.execute(_KEEP, key)
        self._count_copies()

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy kept of that key, where there is one."""
        if self.header.copies:
            self.connection.execute(f"DELETE FROM copies WHERE {_BY_KEY}", key)
            self._count_copies()

    def inside(self, namespace: str) -> list[Live]:
        """What stands in a namespace."""
        where = "kind IN (?, ?) AND namespace = ?"
        return self._lives(where, (SERVICE_ACCOUNT, SECRET, namespace))

    def tokens_in(self, namespace: str) -> list[Live]:
        """The Secrets of a namespace that hold tokens of ServiceAccounts."""
        # The type stands in the query as it stands in the index, which is found by that.
        return self._lives(f"type = '{TOKEN_TYPE}' AND namespace = ?", (namespace,))

    def owned_by(self, uid: str) -> list[Live]:
        """The objects whose ``ownerReferences`` name `uid`."""
        return self._lives("owner_uids <> '' AND instr(owner_uids, ?)", (f'"{uid}"',))

    def reseal(self, table: str, sealer: Sealer) -> int:
        """Seal every row of ``objects`` or ``copies`` by `sealer`; returns the number of values."""
        values = 0
        for key in [row.key for row in self.all(table)]:
            query = f"SELECT {_COLUMNS} FROM {table} WHERE {_BY_KEY}"
            row = rows.checked(self.connection.execute(query, key).fetchone(), self.sealer)
            live = self.live(row)
            values += len(live.data)
            again = rows.to_row(live, sealer, automatic=rows.is_automatic(row, self.sealer))
            self.connection.execute(
                f"UPDATE {table} SET mark = ?, body = ?, data = ? WHERE {_BY_KEY}",
                (again.mark, again.body, again.data, *key),
            )
        return values

    def save(self) -> None:
        """Write the counts."""
        self.connection.execute(
            "UPDATE store SET version = ?, objects = ?, copies = ?",
            (self.header.version, self.header.objects, self.header.copies),
        )

    def _lives(self, where: str, values: Iterable[str]) -> list[Live]:
        query = f"SELECT {_COLUMNS} FROM objects WHERE {where}"
        return [
            self.live(rows.checked(found, self.sealer))
            for found in self.connection.execute(query, tuple(values))
        ]

    def _row(self, live: Live, *, automatic: bool = False) -> Row:
        try:
            return rows.to_row(live, self.sealer, automatic=automatic)
        except (TypeError, UnicodeEncodeError):
            raise ObjectInvalid(
                f"{live.key}: a field holds text that is not Unicode, or a number of more than"
                " 64 bits"
            ) from None

    def _count_copies(self) -> None:
        count = self.connection.execute("SELECT count(*) FROM copies").fetchone()
        self.header.copies = count[0]


def new_uid() -> str:
    """A uid for an object or a store: a random UUID (RFC 9562, version 4)."""
    # As str(uuid.uuid4()) makes it, in a third of the time.
    drawn = secrets.token_hex(_UID_BYTES)
    variant = _UID_VARIANTS[int(drawn[16], 16) & 3]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"


def now_text() -> str:
    """The time, as ``creationTimestamp`` has it."""
    return _time_text(int(time.time()))


@lru_cache(maxsize=1)
def _time_text(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
