"""The tables, and how a transaction reads and changes them."""

# ruff: noqa: S608 - the statements are put together from names that stand in this file

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from reconciler.errors import ObjectInvalid
from reconciler.model.objects import (
    NAMESPACE,
    SECRET,
    SERVICE_ACCOUNT,
    Live,
    ObjectKey,
    Resource,
)
from reconciler.stores.sqlite import rows
from reconciler.stores.sqlite.header import NUMBERS, Header, Totals
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
    fingerprint_key BLOB NOT NULL, totals BLOB NOT NULL)""",
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
_KEEP = f"INSERT INTO copies SELECT * FROM objects WHERE {_BY_KEY}"

_NO_TWINS: Mapping[ObjectKey, Resource] = MappingProxyType({})


class Contents:
    """The content of the store, within one transaction and under one key."""

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer, header: Header) -> None:
        self.connection = connection
        self.sealer = sealer
        self.header = header

    def fingerprint_key(self) -> bytes:
        """The key of the fingerprints."""
        return self.header.opened_fingerprint_key(self.sealer)

    def find(self, key: ObjectKey) -> Row | None:
        """The row of that key."""
        columns = self.connection.execute(_FIND, key).fetchone()
        return None if columns is None else rows.checked(columns, self.sealer)

    def refuse_lost(self, key: ObjectKey) -> None:
        """Refuse a store whose index has lost the object of that key.

        Raises:
            Damage: it is there.
        """
        query = f"SELECT 1 FROM objects NOT INDEXED WHERE {_BY_KEY}"
        if self.connection.execute(query, key).fetchone():
            raise Damage(f"its index has lost {key}")

    def live(self, row: Row, twin: Resource | None = None) -> Live:
        """The object in `row`, opened; what is equal in `twin` is not kept twice."""
        return rows.from_row(row, self.sealer, twin)

    def surroundings(self, key: ObjectKey) -> tuple[bool, bool]:
        """Whether the Namespace of `key` is there, and whether an object of `key` has vanished."""
        # One query for both: each costs more than what it looks for.
        cursor = self.connection.execute(_SURROUNDINGS, (NAMESPACE, "", key.namespace, *key))
        namespace, vanished = cursor.fetchone()
        return bool(namespace), bool(vanished)

    def all(
        self, table: str, twins: Mapping[ObjectKey, Resource] = _NO_TWINS
    ) -> Iterator[tuple[Row, Resource | None]]:
        """All rows of ``objects`` or ``copies``, each with that of `twins` which has its key.

        Refuses missing and duplicate rows.

        Raises:
            Damage: rows are missing, doubled or newer than the header.
        """
        seen: set[ObjectKey] = set()
        total = 0
        for columns in self.connection.execute(f"SELECT {_COLUMNS} FROM {table} NOT INDEXED"):
            row = rows.checked(columns, self.sealer)
            if row.version > self.header.version:
                raise Damage(f"{row.key} is newer than the store")
            key = row.key
            twin = twins.get(key)
            seen.add(key if twin is None else twin.key)
            total += self.sealer.share(row.mark)
            yield row, twin
        self._refuse_other(table, Totals(len(seen), total % NUMBERS))

    def next_version(self) -> str:
        """A resource version that no object has had."""
        self.header.version += 1
        return str(self.header.version)

    def add(self, live: Live, *, automatic: bool = False) -> bool:
        """Add an object with its version; returns false where its key is taken."""
        row = self._row(live, automatic=automatic)
        if self.connection.execute(_ADD, row).rowcount == 0:
            return False
        self.header.totals["objects"].add(self.sealer.share(row.mark))
        return True

    def rewrite(self, live: Live) -> Live:
        """Replace the object of that key by `live`; returns it with its new version."""
        live = dataclasses.replace(live, resource_version=self.next_version())
        self._count_out("objects", live.key)
        row = self._row(live)
        self.connection.execute(_REWRITE, (*row, *live.key))
        self.header.totals["objects"].add(self.sealer.share(row.mark))
        return live

    def remove(self, key: ObjectKey) -> None:
        """Remove the object of that key, which is there."""
        self._count_out("objects", key)
        self.connection.execute(f"DELETE FROM objects WHERE {_BY_KEY}", key)
        self.header.version += 1

    def remember_vanished(self, live: Live) -> None:
        """Note that `live` is gone, if a set had applied it, until it is created again."""
        if live.applied is not None:
            self.forget_vanished(live.key)
            row = (live.applied.set_name, *live.key)
            self.connection.execute("INSERT INTO vanished VALUES (?, ?, ?, ?)", row)
            self.header.totals["vanished"].add(_share(row, self.sealer))

    def forget_vanished(self, key: ObjectKey) -> None:
        """Forget that the object vanished: it exists again, or its set deleted it."""
        row = self.connection.execute(f"SELECT * FROM vanished WHERE {_BY_KEY}", key).fetchone()
        if row is not None:
            self.connection.execute(f"DELETE FROM vanished WHERE {_BY_KEY}", key)
            self.header.totals["vanished"].take(_share(row, self.sealer))

    def vanished(self, set_name: str) -> frozenset[ObjectKey]:
        """The objects that the set had applied and that are gone.

        Raises:
            Damage: rows are missing or added.
        """
        vanished = self.connection.execute("SELECT * FROM vanished").fetchall()
        self._refuse_other("vanished", _vanished_totals(vanished, self.sealer))
        return frozenset(ObjectKey(*key) for name, *key in vanished if name == set_name)

    def keep_copy(self, key: ObjectKey) -> None:
        """Keep a copy of the object of that key, in place of an earlier copy."""
        self.drop_copy(key)
        # Sealed rows are bound to the object and not to the table, so they can move as they are.
        self.connection.execute(_KEEP, key)
        self.header.totals["copies"].add(self._share_of("objects", key))

    def copied_uid(self, key: ObjectKey) -> str:
        """The uid in the copy of that key; empty where there is no copy."""
        query = f"SELECT {_COLUMNS} FROM copies WHERE {_BY_KEY}"
        columns = self.connection.execute(query, key).fetchone()
        return "" if columns is None else rows.checked(columns, self.sealer).uid

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy of that key, if there is one."""
        if not self.header.totals["copies"].count:
            return
        if self.connection.execute(f"SELECT 1 FROM copies WHERE {_BY_KEY}", key).fetchone():
            self._count_out("copies", key)
            self.connection.execute(f"DELETE FROM copies WHERE {_BY_KEY}", key)

    def inside(self, namespace: str) -> list[Live]:
        """The objects in a namespace."""
        where = "kind IN (?, ?) AND namespace = ?"
        return self._lives(where, (SERVICE_ACCOUNT, SECRET, namespace))

    def tokens_in(self, namespace: str) -> list[Live]:
        """The Secrets of a namespace that hold tokens of ServiceAccounts."""
        # The type stands in the query as it stands in the index, which is found by that.
        return self._lives(f"type = '{TOKEN_TYPE}' AND namespace = ?", (namespace,))

    def owned_by(self, uid: str) -> list[Live]:
        """The objects whose ``ownerReferences`` name `uid`."""
        return self._lives("owner_uids <> '' AND instr(owner_uids, ?)", (f'"{uid}"',))

    def reseal(self, sealer: Sealer) -> int:
        """Seal everything by `sealer`, which is that of the contents from now on.

        Returns the number of values.
        """
        gone = self.connection.execute("SELECT * FROM vanished").fetchall()
        self._refuse_other("vanished", _vanished_totals(gone, self.sealer))
        values = self._reseal("objects", sealer) + self._reseal("copies", sealer)
        self.header.totals["vanished"] = _vanished_totals(gone, sealer)
        self.sealer = sealer
        return values

    def save(self) -> None:
        """Write the totals."""
        sealed = self.header.sealed_totals(self.sealer)
        self.connection.execute("UPDATE store SET totals = ?", (sealed,))

    def _reseal(self, table: str, sealer: Sealer) -> int:
        values = 0
        totals = Totals()
        for key in [row.key for row, _ in self.all(table)]:
            query = f"SELECT {_COLUMNS} FROM {table} WHERE {_BY_KEY}"
            row = rows.checked(self.connection.execute(query, key).fetchone(), self.sealer)
            live = self.live(row)
            values += len(live.data)
            again = rows.to_row(live, sealer, automatic=rows.is_automatic(row, self.sealer))
            self.connection.execute(
                f"UPDATE {table} SET mark = ?, body = ?, data = ? WHERE {_BY_KEY}",
                (again.mark, again.body, again.data, *key),
            )
            totals.add(sealer.share(again.mark))
        self.header.totals[table] = totals
        return values

    def _refuse_other(self, table: str, seen: Totals) -> None:
        wanted = self.header.totals[table]
        if seen.count != wanted.count:
            raise Damage(f"it should hold {wanted.count} {table} and holds {seen.count}")
        if seen.sum != wanted.sum:
            raise Damage(f"of its {table}, some are not the last that were written")

    def _count_out(self, table: str, key: ObjectKey) -> None:
        self.header.totals[table].take(self._share_of(table, key))

    def _lives(self, where: str, values: Iterable[str]) -> list[Live]:
        query = f"SELECT {_COLUMNS} FROM objects WHERE {where}"
        return [
            self.live(rows.checked(columns, self.sealer))
            for columns in self.connection.execute(query, tuple(values))
        ]

    def _row(self, live: Live, *, automatic: bool = False) -> Row:
        try:
            return rows.to_row(live, self.sealer, automatic=automatic)
        except (TypeError, UnicodeEncodeError):
            raise ObjectInvalid(
                f"{live.key}: a field holds text that is not Unicode, or a number of more than"
                " 64 bits"
            ) from None

    def _share_of(self, table: str, key: ObjectKey) -> int:
        query = f"SELECT mark FROM {table} WHERE {_BY_KEY}"
        (mark,) = self.connection.execute(query, key).fetchone()
        return self.sealer.share(mark)


def _vanished_totals(vanished: Iterable[tuple[str, ...]], sealer: Sealer) -> Totals:
    totals = Totals()
    for row in vanished:
        totals.add(_share(row, sealer))
    return totals


def _share(row: tuple[str, ...], sealer: Sealer) -> int:
    return sealer.share(repr(row).encode())


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
