"""Writes the files of a store: whole, synced, and never over another file."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_ENDING = ".tmp"


@contextmanager
def temporary_file(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file of mode 0600 beside `path`, by name and open for writing; removed afterwards."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_ENDING, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield Path(name), file
    finally:
        for left in _all_named(path.parent, glob.escape(Path(name).name)):
            left.unlink(missing_ok=True)


def remove_temporary_files(path: Path) -> None:
    """Remove the temporary files that killed processes left, where possible.

    Only for whoever holds the store's write lock: then nobody else needs such a file, apart from
    processes that still try to make the store, and they accept that they come too late.
    """
    with suppress(OSError):
        for left in _all_named(path.parent, f".{glob.escape(path.name)}.????????{_ENDING}"):
            left.unlink(missing_ok=True)


def _all_named(directory: Path, pattern: str) -> list[Path]:
    """The files that match `pattern`, and those that SQLite keeps beside them."""
    ends = ("", "-journal", "-wal", "-shm")
    return [path for end in ends for path in directory.glob(pattern + end)]


def put_in_place(made: Path, path: Path) -> None:
    """Give the file `made` the name `path` too, unless that is taken."""
    with suppress(FileExistsError):
        os.link(made, path)


def hide_from_git(directory: Path) -> None:
    """Keep what `directory` holds out of commits, by a ``.gitignore`` of its own."""
    path = ignore_file(directory)
    # Another process that makes the store may have removed the temporary file.
    with suppress(FileNotFoundError), temporary_file(path) as (made, file):
        file.write(b"*\n")
        file.flush()
        os.fsync(file.fileno())
        put_in_place(made, path)


def ignore_file(directory: Path) -> Path:
    """The file that tells git what of `directory` stays out of commits."""
    return directory / ".gitignore"


def sync_directory(directory: Path) -> None:
    """Sync `directory`, so that new names survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
