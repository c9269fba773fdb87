"""What SQLite and the system say, in words for the person who reads them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.errors import StoreDamaged, StoreError, StoreUnavailable
from reconciler.stores.sqlite.rows import Damage

_PRIMARY = 0xFF


@contextmanager
def faults(shown: str) -> Iterator[None]:
    """Turn what goes wrong with the store at `shown` into this program's errors."""
    try:
        yield
    except Damage as damage:
        raise _damaged(shown, damage) from None
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise _translated(error, shown) from None
    except UnicodeDecodeError:
        # What SQLite says of a damaged schema quotes it.
        raise _damaged(shown, Damage("its schema is not text")) from None
    except OSError as error:
        raise StoreError(f"{error.filename or shown}: {error.strerror}") from None


def _translated(error: sqlite3.Error, shown: str) -> StoreError:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    name = getattr(error, "sqlite_errorname", "SQLITE_CORRUPT")
    match code & _PRIMARY:
        case _ if code == sqlite3.SQLITE_IOERR_SHORT_READ:
            return _damaged(shown, Damage("it ends too early"))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreUnavailable(f"{shown} is busy: another process is writing to it")
        case sqlite3.SQLITE_FULL:
            return StoreUnavailable(f"{shown} cannot be written: there is no space left")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOMEM:
            return StoreUnavailable(f"{shown} cannot be read or written ({name})")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreError(
                f"{shown} cannot be opened or written ({name})",
                hint="its file and directory must be open to you: read-only will do for a plan,"
                " unless a killed process has left a -wal file without a -shm file",
            )
        case _:
            return _damaged(shown, Damage(name))


def _damaged(shown: str, damage: Damage) -> StoreDamaged:
    return StoreDamaged(f"{shown} is damaged: {damage}", hint="put a backup in its place")
