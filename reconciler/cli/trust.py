"""Which ``reconciler.yaml`` is used where none is named.

It chooses the store, which is given all values. So a file that another user may have written is
refused, as git refuses another user's repository (``safe.directory``).
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.errors import ConfigError

FILE_NAMES = ("reconciler.yaml", "reconciler.yml")


def nearest_file(directory: Path) -> Path | None:
    """The nearest configuration file, from `directory` up to the top of its repository.

    The home directory is searched too, and nothing above it.

    Raises:
        ConfigError: a directory has both, so that nobody can tell which one is meant.
    """
    for place in searched(directory):
        # Path.is_file() fails where a directory on the way may not be searched.
        files = [place / name for name in FILE_NAMES if os.path.isfile(place / name)]  # noqa: PTH113
        if len(files) > 1:
            raise ConfigError(
                f"{place} has both {' and '.join(FILE_NAMES)}", hint="remove one of the two"
            )
        if files:
            return files[0]
    return None


def trusted_content(file: Path, environ: Mapping[str, str]) -> bytes:
    """The content of a file that was found and not named.

    Raises:
        ConfigError: somebody else may have written it, or it cannot be read.
    """
    trusted = _trusted_users(environ)
    try:
        with file.open("rb") as stream:
            fault = next(filter(None, _faults(file, stream.fileno(), trusted)), "")
            if not fault:
                return stream.read()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    quoted = shlex.quote(str(file))
    raise ConfigError(
        f"{file} is not used: {fault}",
        hint=f"if you trust it, name it: --config {quoted}, or RECONCILER_CONFIG={quoted}",
    )


def searched(directory: Path) -> Iterator[Path]:
    """`directory` and those above it, up to the top of the repository or the home directory."""
    home = _home()
    for place in (directory, *directory.parents):
        yield place
        if place == home or os.path.lexists(place / ".git"):
            return


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except RuntimeError:  # a user without an entry, and without HOME
        return None


def _trusted_users(environ: Mapping[str, str]) -> frozenset[int]:
    """Root, this user, and under sudo the user who called it."""
    users = {0, os.geteuid()}
    caller = environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and caller.isascii() and caller.isdecimal():
        users.add(int(caller))
    return frozenset(users)


def _faults(file: Path, opened: int, trusted: frozenset[int]) -> Iterator[str]:
    """Why others could have chosen what is read; both ends of a symbolic link decide it."""
    yield _fault(os.fstat(opened), trusted, "it")
    yield _fault(file.lstat(), trusted, "it")
    for directory in (file.parent, file.resolve().parent):
        yield _fault(directory.stat(), trusted, "its directory")


def _fault(status: os.stat_result, trusted: frozenset[int], what: str) -> str:
    if status.st_uid not in trusted:
        return f"{what} belongs to another user (uid {status.st_uid})"
    mode = status.st_mode
    # In a directory with the sticky bit, such as /tmp, others cannot replace what is ours. The
    # mode of a symbolic link says nothing.
    guarded = stat.S_ISLNK(mode) or (stat.S_ISDIR(mode) and mode & stat.S_ISVTX)
    return f"every user may write to {what}" if mode & stat.S_IWOTH and not guarded else ""
