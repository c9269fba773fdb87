"""Checks the owners of the files of a store.

Whoever can put a store where another user will look for it, with a key that they know, is handed
every value that is applied. So a store's files, its directory and the links that lead there must
belong to the user of this process or to root, unless the user gives the master key.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from reconciler.errors import StoreError

ROOT = 0


def trusted_users(environ: Mapping[str, str]) -> frozenset[int]:
    """The ids of root, of this process's user, and of the user who became root by sudo."""
    user = os.geteuid()
    by_sudo = environ.get("SUDO_UID", "")
    if user == ROOT and by_sudo.isdecimal():
        return frozenset({ROOT, int(by_sudo)})
    return frozenset({ROOT, user})


def links_towards(path: Path) -> Iterator[Path]:
    """Every symbolic link that is followed on the way to `path`, an absolute path.

    Raises:
        OSError: links lead in a circle.
    """
    for part in (*reversed(path.parents), path):
        if part.is_symlink():
            _refuse_circle(part)
            yield part
            yield from links_towards(part.parent / part.readlink())


def _refuse_circle(link: Path) -> None:
    with suppress(FileNotFoundError):  # where it leads, a store may be made
        link.stat()


def foreign(paths: Iterable[Path], trusted: frozenset[int]) -> Iterator[tuple[Path, int]]:
    """The existing `paths` that belong to another user, with that user's id."""
    for path in paths:
        try:
            owner = path.lstat().st_uid
        except FileNotFoundError:
            continue
        if owner not in trusted:
            yield path, owner


def refuse_foreign(paths: Iterable[Path], trusted: frozenset[int], shown: str) -> None:
    """Refuse the store `shown` if any of `paths` belongs to another user.

    Raises:
        StoreError: one does.
    """
    for path, owner in foreign(paths, trusted):
        raise StoreError(
            f"{shown}: {path} belongs to {_name(owner)}, who may know the master key and read all"
            " that is put there",
            hint="if this is the store you mean, give its master key in RECONCILER_STORE_KEY or"
            " RECONCILER_STORE_KEY_FILE; otherwise choose another place with --store",
        )


def _name(user: int) -> str:
    try:
        return f"the user {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"the user with the id {user}"
