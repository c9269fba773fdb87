"""The locks of the sets: a name, a holder, and the time until which it holds."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from reconciler.errors import StoreLocked


def take(
    connection: sqlite3.Connection, set_name: str, holder: str, *, now: float, seconds: float
) -> None:
    """Take or extend a lock; times are in seconds since 1970.

    Raises:
        StoreLocked: somebody else has it still.
    """
    found = connection.execute(
        "SELECT holder, since, until FROM locks WHERE set_name = ?", (set_name,)
    ).fetchone()
    since = now
    if found is not None and found[2] > now:
        if found[0] != holder:
            raise _locked(set_name, *found)
        since = found[1]
    connection.execute(
        "INSERT OR REPLACE INTO locks VALUES (?, ?, ?, ?)", (set_name, holder, since, now + seconds)
    )


def give_back(connection: sqlite3.Connection, set_name: str, holder: str) -> None:
    """Drop a lock that `holder` has."""
    connection.execute("DELETE FROM locks WHERE set_name = ? AND holder = ?", (set_name, holder))


def refuse_locked(connection: sqlite3.Connection, now: float) -> None:
    """Raise `StoreLocked` where any set is locked."""
    found = connection.execute(
        "SELECT set_name, holder, since, until FROM locks WHERE until > ?", (now,)
    ).fetchone()
    if found is not None:
        raise _locked(*found)


def _locked(set_name: str, holder: str, since: float, until: float) -> StoreLocked:
    return StoreLocked(
        f"the set {set_name!r} is locked by {holder} since {_time(since)}; the lock expires at"
        f" {_time(until)} unless it is extended",
        holder=holder,
        hint="wait for it with --lock-timeout",
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
