"""What a command works on where it is told nothing: which manifests, and which store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import click
from click.core import ParameterSource

from reconciler.cli.options import STORE
from reconciler.cli.readings import SQLITE, relative_path
from reconciler.cli.terminal import remark
from reconciler.cli.trust import FILE_NAMES, searched
from reconciler.errors import ConfigError
from reconciler.escapes import escaped
from reconciler.model.opening import DEFAULT_STORE

MANIFESTS = "manifests"

_ENDINGS = {".yaml", ".yml", ".json"}
_OTHERS = {"reconciler", "kustomization"}
_SIGN = b"apiVersion"
_LOOKED_AT = 1 << 20


def manifests_of(paths: Sequence[str]) -> tuple[str, ...]:
    """`paths`; without any, ``manifests``, else the current directory where manifests lie in it.

    Raises:
        ConfigError: neither is there.
    """
    if paths:
        return tuple(paths)
    if os.path.lexists(MANIFESTS):
        return (MANIFESTS,)
    if any(_manifests_in(Path())):
        remark(f"Note: there is no {MANIFESTS}/ here, so the current directory is read.")
        return (".",)
    command = click.get_current_context().info_name
    raise ConfigError(
        f"there are no manifests: {escaped(os.getcwd())} has no directory {MANIFESTS}, and none of"  # noqa: PTH109 - as it is
        " its own files is a manifest",
        hint=f"name files or directories: reconciler {command} PATH; `reconciler init` writes a "
        "first manifest",
    )


def refuse_second_store(url: str) -> None:
    """Make sure that no default store is taken for a new one where there is one further up.

    `url` is that of the store that the running command is to open.

    Raises:
        ConfigError: nobody has named the store, there is none here, and there is one further up.
    """
    source = click.get_current_context().get_parameter_source(STORE.parameter)
    place = Path(DEFAULT_STORE.removeprefix(SQLITE))
    if source is not ParameterSource.DEFAULT or url != DEFAULT_STORE or os.path.lexists(place):
        return
    _, *above = searched(Path.cwd())
    for directory in above:
        if os.path.lexists(directory / place):
            there = relative_path(directory / place)
            raise ConfigError(
                f"there is no store in this directory, and there is one further up: {there}",
                hint=f"use that one with --store {SQLITE}{there}, or `store` in {FILE_NAMES[0]}; "
                f"--store {DEFAULT_STORE} makes a new one here",
            )


def _manifests_in(directory: Path) -> Iterator[Path]:
    """The files in `directory` itself that look like manifests."""
    for path in sorted(directory.iterdir()):
        if path.suffix in _ENDINGS and path.stem not in _OTHERS and path.name[0] != ".":
            with suppress(OSError):
                if path.is_file():
                    with path.open("rb") as file:
                        if _SIGN in file.read(_LOOKED_AT):
                            yield path
