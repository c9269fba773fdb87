"""Translates errors of SQLite and the system into messages for users."""

from __future__ import annotations

import sqlite3

from reconciler.errors import StoreDamaged, StoreError, StoreUnavailable
from reconciler.stores.sqlite.rows import Damage

_PRIMARY = 0xFF


class faults:  # noqa: N801 - used as a word of the language
    """Turns errors from the store at `shown` into this program's errors.

    A class, since what contextlib makes of a generator takes four times as long for each write.
    """

    __slots__ = ("_shown",)

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __enter__(self) -> None:
        """Nothing has gone wrong yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise this program's error in the place of `error`."""
        if error is not None:
            store_error = _store_error(error, self._shown)
            if store_error is not None:
                raise store_error from None


def _store_error(error: BaseException, shown: str) -> StoreError | None:
    match error:
        case Damage():
            return _damaged(shown, error)
        case sqlite3.ProgrammingError():
            return None
        case sqlite3.Error():
            return _translated(error, shown)
        case UnicodeDecodeError():  # what SQLite says of a damaged schema quotes it
            return _damaged(shown, Damage("its schema is not text"))
        case OSError():
            return StoreError(
                f"{error.filename or shown}: {error.strerror}", hint="check the path and its rights"
            )
        case _:
            return None


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
    return StoreDamaged(
        f"{shown} is damaged: {damage}",
        hint="put a backup in its place, or delete it if no apply to it has ever succeeded",
    )
