"""The locks of the sets: a name, a holder, and the time until which it holds.

Nothing seals them, and a column of SQLite holds values of any type: so a lock is read as bytes and
numbers, and whatever else stands there is no time, or nobody.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from reconciler.model.locks import Lock, lock_id, lost, moment

# The primary key of an ordinary table may be a blob or NULL, which no set's name is.
_ALL = """SELECT CAST(set_name AS BLOB), CAST(holder AS BLOB), hex(since),
    CASE WHEN typeof(since) IN ('real', 'integer') THEN since END,
    CASE WHEN typeof(until) IN ('real', 'integer') THEN until END
    FROM locks WHERE typeof(set_name) = 'text'"""


def read(connection: sqlite3.Connection, set_name: str, now: float) -> Lock | None:
    """The lock of that set, expired or not; times are in seconds since 1970."""
    row = connection.execute(f"{_ALL} AND set_name = ?", (set_name,)).fetchone()
    return None if row is None else _lock(row, now)


def take(
    connection: sqlite3.Connection, set_name: str, holder: str, *, now: float, seconds: float
) -> None:
    """Take or extend a lock.

    Raises:
        StoreLocked: somebody else has it still.
    """
    lock = read(connection, set_name, now)
    since = now
    if lock is not None and lock.is_held:
        if lock.holder != holder:
            raise lock.refusal()
        since = now if lock.since is None else lock.since
    connection.execute(
        "INSERT OR REPLACE INTO locks VALUES (?, ?, ?, ?)", (set_name, holder, since, now + seconds)
    )


def renew(
    connection: sqlite3.Connection, set_name: str, holder: str, *, now: float, seconds: float
) -> None:
    """Extend the lock that `holder` has.

    Raises:
        LockLost: `holder` no longer has it.
    """
    lock = read(connection, set_name, now)
    if lock is None or lock.holder != holder:
        raise lost(lock)
    connection.execute("UPDATE locks SET until = ? WHERE set_name = ?", (now + seconds, set_name))


def give_back(connection: sqlite3.Connection, set_name: str, holder: str) -> None:
    """Release the lock that `holder` has."""
    connection.execute("DELETE FROM locks WHERE set_name = ? AND holder = ?", (set_name, holder))


def remove(connection: sqlite3.Connection, lock: Lock) -> None:
    """Remove `lock`, whoever has it.

    Raises:
        ObjectMoved: the set's lock is another one by now.
    """
    current = read(connection, lock.set_name, lock.read_at)
    if current is not None:
        lock.refuse_other(current)
    connection.execute("DELETE FROM locks WHERE set_name = ?", (lock.set_name,))


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
