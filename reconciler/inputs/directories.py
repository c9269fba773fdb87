"""Directories of manifests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from reconciler.inputs.files import file_text
from reconciler.inputs.identity import noted
from reconciler.inputs.problems import input_error, unreadable
from reconciler.inputs.reading import Reading
from reconciler.model.inputs import Read
from reconciler.model.objects import Diagnostic

_SUFFIXES = (".yaml", ".yml", ".json")
_KUSTOMIZATIONS = {"kustomization.yaml", "kustomization.yml", "Kustomization"}


class _Listed(NamedTuple):
    """A manifest in a directory; ``regular`` says that it is surely a regular file."""

    path: str
    real: str
    regular: bool


def read(path: str, reading: Reading) -> Iterator[Read]:
    """The manifests below `path`, sorted."""
    try:
        os.path.realpath(path)  # raises where the working directory is gone
    except OSError as error:
        yield Read(path, path, unreadable(path, error))
        return
    count = 0
    for entry in _manifests(path, set()):
        count += 1
        if isinstance(entry, Diagnostic):
            yield Read(path, path, entry)
            continue
        identity, is_first = noted(reading.seen, entry.real)
        content = file_text(entry.path, only_regular=not entry.regular) if is_first else None
        yield Read(path, identity, content)
    if not count:
        missing = input_error(
            path,
            "manifests-missing",
            "the directory holds no manifests",
            f"manifests end in {', '.join(_SUFFIXES)}",
        )
        yield Read(path, path, missing)


def _first_time(real: str, seen: set[str]) -> bool:
    if real in seen:
        return False
    seen.add(real)
    return True


def _manifests(directory: str, seen: set[str]) -> Iterator[_Listed | Diagnostic]:
    """The manifests below `directory`, sorted; links are followed, each directory read once.

    Whether an entry is a link or a file is known from the listing, without a call for each file.
    """
    real = os.path.realpath(directory)
    prefix = real if real.endswith("/") else f"{real}/"
    if not _first_time(real, seen):
        return
    try:
        with os.scandir(directory) as listing:
            entries = sorted(listing, key=attrgetter("name"))
    except OSError as error:
        yield unreadable(directory, error)
        return
    for entry in entries:
        name, path = entry.name, entry.path
        if name.startswith(".") or name in _KUSTOMIZATIONS:
            continue
        link = entry.is_symlink()
        if os.path.isdir(path) if link else entry.is_dir():  # noqa: PTH112 - paths stay as given
            yield from _manifests(path, seen)
        elif name.endswith(_SUFFIXES):
            if link:
                yield _Listed(path, os.path.realpath(path), regular=False)
            else:
                yield _Listed(path, f"{prefix}{name}", regular=entry.is_file())
