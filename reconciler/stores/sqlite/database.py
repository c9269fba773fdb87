"""The store's file: made, opened, read as of one moment, and written in transactions.

One transaction holds one object's change. A reader opens a connection of its own for each read, so
that it neither waits for a writer nor needs the right to write.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from reconciler.errors import StoreDamaged, StoreError, StoreUnavailable
from reconciler.stores.sqlite import birth, owners
from reconciler.stores.sqlite.faults import faults
from reconciler.stores.sqlite.files import (
    hide_from_git,
    ignore_file,
    remove_temporary_files,
    sync_directory,
)
from reconciler.stores.sqlite.header import checked_header, header_with, key_fits, read_header
from reconciler.stores.sqlite.masterkey import MasterKey
from reconciler.stores.sqlite.rows import Damage
from reconciler.stores.sqlite.sealing import Sealer
from reconciler.stores.sqlite.tables import Contents

BUSY_SECONDS = 20.0
_READS = 10
_HOME = ".reconciler"  # the directory of `DEFAULT_STORE`, which holds nothing but stores

T = TypeVar("T")

# An immutable read takes no locks, and closing its file would drop those of a writer of the same
# process (POSIX record locks belong to the process). So no writer opens while one is under way.
_opening = threading.Lock()


class Database:
    """The store's file at `path`, which is no link; messages call it `shown`.

    `links` were followed on the way to the file and its key, and `trusted` are the users to whom
    all of it may belong. A transaction waits ``busy_seconds`` for that of another process.
    """

    def __init__(
        self,
        path: Path,
        shown: str,
        master: MasterKey,
        *,
        links: tuple[Path, ...] = (),
        trusted: frozenset[int],
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._busy_seconds = busy_seconds
        self.path = path
        self.shown = shown
        self.master = master
        self.trusted = trusted
        self._links = links
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened_with: tuple[bytes, Sealer] | None = None

    @property
    def wal(self) -> Path:
        """SQLite's write-ahead log."""
        return self.path.with_name(self.path.name + "-wal")

    @property
    def shm(self) -> Path:
        """SQLite's index of the log, there while a process has the store open for writing."""
        return self.path.with_name(self.path.name + "-shm")

    @property
    def entrusted(self) -> tuple[Path, ...]:
        """The paths that decide which store and key are used; not all of them need exist."""
        key_file, successor = self.master.file, self.master.successor
        return (*self._links, self.path.parent, key_file.parent, self.path, key_file, successor)

    def exists(self) -> bool:
        """Whether there is a file."""
        return _stamp(self.path) is not None

    def write(self, work: Callable[[Contents], T], *, keep: bool = True, create: bool = False) -> T:
        """Run `work` in a transaction of its own; undo it unless `keep`.

        Raises:
            StoreError: see `reconciler.model.store.Store`.
        """
        with self._turn, faults(self.shown):
            connection = self._begun(create=create)
            try:
                contents = self._contents(connection)
                result = work(contents)
                if keep:
                    contents.save()
                connection.execute("COMMIT" if keep else "ROLLBACK")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

    def read(self, work: Callable[[Contents], T]) -> T | None:
        """Run `work` on the store as of one moment, writing nothing; `None` where there is none.

        Raises:
            StoreError: see `reconciler.model.store.Store`.
        """
        self._refuse_foreign()
        for _ in range(_READS):
            before = self._stamps()
            if before[0] is None:
                return None
            try:
                with faults(self.shown):
                    result, unguarded = self._read(work)
            except StoreError:
                if self._stamps() == before:
                    raise
            else:
                if not unguarded or self._stamps() == before:
                    return result
        raise StoreUnavailable(f"{self.shown} kept changing while it was read")

    def close(self) -> None:
        """Close the file; the next write opens it again."""
        with self._turn, faults(self.shown):
            self._close()

    def compact(self) -> None:
        """Move the log into the file and empty it, so that it holds no old content."""
        with self._turn, faults(self.shown):
            assert self._connection is not None
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StoreUnavailable(
                f"{self.shown}: another process is reading, so the log {self.wal} still holds what"
                " was replaced",
                hint="it is emptied when the last process that has the store open ends",
            )

    def _read(self, work: Callable[[Contents], T]) -> tuple[T, bool]:
        """The result, and whether the file could change during the read."""
        with _opening:
            # Without -shm nobody writes. Then SQLite would make both files, or fail where it may
            # not, unless it is told that nobody writes.
            unguarded = not self.shm.exists() and not _size(self.wal)
            if unguarded:
                return self._read_in(work, "mode=ro&immutable=1"), True
        return self._read_in(work, "mode=ro"), False

    def _read_in(self, work: Callable[[Contents], T], mode: str) -> T:
        connection = self._connect(mode)
        try:
            connection.execute("BEGIN")
            columns = read_header(connection)
            self._refuse_truncated(connection)
            sealer = self._sealer_for(columns)
            return work(Contents(connection, sealer, checked_header(columns, sealer)))
        finally:
            connection.close()

    def _begun(self, *, create: bool) -> sqlite3.Connection:
        if self._connection is None:
            self._refuse_foreign()
            if not self.exists():
                if not create:
                    raise StoreError(f"{self.shown} does not exist")
                self._create()
            with _opening:
                connection = self._connect("mode=rw")
                try:
                    connection.execute("PRAGMA synchronous = FULL")
                    connection.execute("PRAGMA secure_delete = ON")
                    connection.execute("BEGIN IMMEDIATE")
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
        else:
            self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def _contents(self, connection: sqlite3.Connection) -> Contents:
        if self._opened_with is not None:
            key_check, sealer = self._opened_with
            header = header_with(connection, key_check, sealer)
            if header is not None:
                return Contents(connection, sealer, header)
        columns = read_header(connection)
        self._refuse_truncated(connection)
        sealer = self._sealer_for(columns, writing=True)
        header = checked_header(columns, sealer)
        self._opened_with = (header.key_check, sealer)
        ignore = ignore_file(self.path.parent)
        for path in (self.path, self.master.file, self.master.successor, ignore):
            remove_temporary_files(path)
        return Contents(connection, sealer, header)

    def _refuse_foreign(self) -> None:
        # A key that the user gives is not one that the owner of the files has planted.
        if self.master.given is None:
            with faults(self.shown):
                owners.refuse_foreign(self.entrusted, self.trusted, self.shown)

    def _refuse_truncated(self, connection: sqlite3.Connection) -> None:
        """Refuse a short last page, which SQLite pads with zeros, unless the log has it."""
        if not _size(self.wal):
            pages, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "page_size")
            )
            if _size(self.path) < pages * size:
                raise Damage("it ends too early")

    def _sealer_for(self, columns: dict[str, object], *, writing: bool = False) -> Sealer:
        for number, key in enumerate(self.master.candidates()):
            sealer = Sealer(key)
            if key_fits(columns, sealer):
                if number and writing:
                    # The store was written with the new key and the process ended right then.
                    self.master.succeed()
                return sealer
        raise StoreDamaged(
            f"the master key does not fit the store {self.shown}, or its header is damaged",
            hint="give the key that the store was made with, in RECONCILER_STORE_KEY or in"
            f" {self.master.file}",
        )

    def _create(self) -> None:
        """Make the store and its directory, unless another process is quicker."""
        directory = self.path.parent
        is_ours = directory.name == _HOME or not directory.exists()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._refuse_foreign()  # another user may have been quicker to make the directory
        if is_ours:  # before there is a key in it, which `git add` would take along
            hide_from_git(directory)
        sealer = Sealer(self.master.make())
        try:
            birth.make(self.path, sealer)
        except (FileNotFoundError, sqlite3.Error, StoreUnavailable):
            # Another process may have made the store, and removed the temporary files.
            if not self.exists():
                raise
        sync_directory(directory)

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.as_uri()}?{mode}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )

    def _close(self) -> None:
        self._opened_with = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _stamps(self) -> tuple[tuple[int, ...] | None, ...]:
        with faults(self.shown):
            paths = (self.path, self.wal, self.master.file, self.master.successor)
            return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Values that change with the file; `None` where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _size(path: Path) -> int:
    stamp = _stamp(path)
    return 0 if stamp is None else stamp[1]
