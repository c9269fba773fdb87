"""The locks of the sets: a name, a holder, and the time until which it holds.

Nothing seals them, and a column of SQLite holds values of any type: so a lock is read as bytes and
numbers, and whatever else stands there is no time, or nobody.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from reconciler.model.locks import Lock, lock_id, moment
from reconciler.stores.kit.locks import SetLock, Term

# The primary key of an ordinary table may be a blob or NULL, which no set's name is.
_ALL = """SELECT CAST(set_name AS BLOB), CAST(holder AS BLOB), hex(since),
    CASE WHEN typeof(since) IN ('real', 'integer') THEN since END,
    CASE WHEN typeof(until) IN ('real', 'integer') THEN until END
    FROM locks WHERE typeof(set_name) = 'text'"""


@dataclass(frozen=True, slots=True)
class RowLock(SetLock[None]):
    """The lock of a set within a transaction, so that nobody else writes in between."""

    connection: sqlite3.Connection
    set_name: str
    at: float

    def now(self) -> float:
        """The time of the transaction."""
        return self.at

    def looked_up(self) -> tuple[Lock | None, None]:
        """The lock in the row of the set."""
        row = self.connection.execute(f"{_ALL} AND set_name = ?", (self.set_name,)).fetchone()
        return None if row is None else _lock(row, self.at), None

    def written(self, version: None, term: Term) -> bool:
        """Write the row of the set."""
        del version
        row = (self.set_name, term.holder, term.since, term.until)
        self.connection.execute("INSERT OR REPLACE INTO locks VALUES (?, ?, ?, ?)", row)
        return True

    def cleared(self, version: None) -> bool:
        """Delete the row of the set."""
        del version
        self.connection.execute("DELETE FROM locks WHERE set_name = ?", (self.set_name,))
        return True


def refuse_locked(connection: sqlite3.Connection, now: float) -> None:
    """Raise `StoreLocked` where any set is locked."""
    for row in connection.execute(_ALL):
        lock = _lock(row, now)
        if lock.is_held:
            raise lock.refusal()


def _lock(row: tuple[Any, ...], now: float) -> Lock:
    set_name, holder, raw_since, since, until = row
    return Lock(
        set_name=set_name.decode(errors="backslashreplace"),
        id=lock_id(holder, raw_since),
        holder="" if holder is None else holder.decode(errors="backslashreplace"),
        since=moment(since),
        until=moment(until),
        read_at=now,
    )
