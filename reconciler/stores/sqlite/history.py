"""The last runs of each set, in clear as the locks are: they hold no values."""

from __future__ import annotations

import sqlite3

from reconciler.model.history import Run, decoded, encoded, with_run

# Stores of 0.1.0 have no such table, and need none before the first run is noted.
_TABLE = "CREATE TABLE IF NOT EXISTS history (set_name TEXT PRIMARY KEY, runs TEXT NOT NULL)"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'history'"
_READ = "SELECT CAST(runs AS BLOB) FROM history WHERE set_name = ?"


def read(connection: sqlite3.Connection, set_name: str) -> tuple[Run, ...]:
    """The runs of that set, oldest first."""
    if connection.execute(_IS_THERE).fetchone() is None:
        return ()
    row = connection.execute(_READ, (set_name,)).fetchone()
    return () if row is None else decoded(row[0].decode(errors="replace"))


def note(connection: sqlite3.Connection, set_name: str, run: Run) -> None:
    """Put `run` among those of that set."""
    runs = with_run(read(connection, set_name), run)
    connection.execute(_TABLE)
    connection.execute("INSERT OR REPLACE INTO history VALUES (?, ?)", (set_name, encoded(runs)))
