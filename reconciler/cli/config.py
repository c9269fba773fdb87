"""``reconciler.yaml``: options that a directory of manifests always goes with.

It is looked for upwards from the working directory. Paths in it are relative to where it stands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.lints import SETTING, read_lints
from reconciler.errors import ConfigError

if TYPE_CHECKING:
    from reconciler.manifests import Placed

FILE_NAME = "reconciler.yaml"
_SQLITE = "sqlite:"


class Configured(click.Command):
    """A command whose options may stand in ``reconciler.yaml``."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Take the file's settings for defaults; help and completion do without them."""
        if not ({"-h", "--help"} & set(args) or extra.get("resilient_parsing")):
            extra["default_map"] = settings(_working_directory())
        return super().make_context(info_name, args, parent, **extra)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigError("the working directory has been deleted", hint="cd to one") from None


def settings(directory: Path) -> dict[str, Any]:
    """The settings in force in `directory`, by the names of the commands' parameters.

    Raises:
        ConfigError: the file cannot be used; the message has every problem with its place.
    """
    file = _found(directory)
    return {} if file is None else _read(file)


def _found(directory: Path) -> Path | None:
    candidates = (parent / FILE_NAME for parent in (directory, *directory.parents))
    return next((path for path in candidates if path.is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    # PyYAML is needed only where there is a file to read.
    from reconciler.manifests import parse_document

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {type(error).__name__}") from None
    root, found = parse_document(text, str(file))
    problems = [f"{item.source}: {item.message}" for item in found]
    values: dict[str, Any] = {}
    if root is not None and isinstance(root.value, dict):
        problems += _take(root.value, file.parent, values)
    elif root is not None:
        problems.append(f"{root.source}: must be a map of settings")
    if problems:
        raise ConfigError(
            f"{file}: the settings cannot be used",
            details=problems,
            hint=f"settings are {', '.join([*_SETTINGS, SETTING])}",
        )
    return values


def _take(entries: Mapping[str, Placed], directory: Path, values: dict[str, Any]) -> Iterator[str]:
    """Put the settings among `entries` into `values`, and yield what is wrong with the others."""
    for name, entry in entries.items():
        if name == SETTING:
            yield from read_lints(entry, values)
            continue
        if name not in _SETTINGS:
            yield f"{entry.key}: unknown setting {name!r}"
            continue
        parameter, read = _SETTINGS[name]
        value = read(entry.value, directory)
        if value is None:
            yield f"{entry.source}: the setting {name!r} must be {_EXPECTED[read]}"
        else:
            values[parameter] = value


def _flag(value: Any, _directory: Path) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any, _directory: Path) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any, _directory: Path) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _limit(value: Any, directory: Path) -> str | None:
    number = _number(value, directory)
    return _text(value, directory) if number is None else str(number)


def _store(value: Any, directory: Path) -> str | None:
    url = _text(value, directory)
    if url is None or not url.startswith(_SQLITE):
        return url
    return f"{_SQLITE}{_from_here(directory / url.removeprefix(_SQLITE))}"


def _path(value: Any, directory: Path) -> str | None:
    path = _text(value, directory)
    return None if path is None else _from_here(directory / path)


def _paths(value: Any, directory: Path) -> tuple[str, ...] | None:
    found = [item.value for item in value] if isinstance(value, list) else [value]
    if not found or not all(isinstance(path, str) and path for path in found):
        return None
    return tuple(_from_here(directory / str(path)) for path in found)


def _pairs(value: Any, _directory: Path) -> str | None:
    if not isinstance(value, dict):
        return None
    pairs = {name: entry.value for name, entry in value.items()}
    if not pairs or not all(isinstance(one, str) for pair in pairs.items() for one in pair):
        return None
    return ",".join(f"{name}={given}" for name, given in pairs.items())


def _from_here(path: Path) -> str:
    """Relative to the working directory, so that a saved plan names no directory of a machine."""
    return os.path.relpath(path)


_Read = Callable[[Any, Path], Any]

_EXPECTED: dict[_Read, str] = {
    _flag: "true or false",
    _text: "a text",
    _number: "a number",
    _limit: "a number or a percentage",
    _store: "a store's URL",
    _path: "a path",
    _paths: "a path or a list of paths",
    _pairs: "a map of names to names",
}

_SETTINGS: dict[str, tuple[str, _Read]] = {
    "manifests": ("paths", _paths),
    "store": ("store", _store),
    "set": ("set_name", _text),
    "namespace": ("namespace", _text),
    "prune": ("prune", _flag),
    "adopt": ("adopt", _flag),
    "allow-replace": ("allow_replace", _flag),
    "allow-empty": ("allow_empty", _flag),
    "scrub": ("scrub", _flag),
    "consumers": ("consumers", _flag),
    "rotate-services": ("rotate_services", _flag),
    "max-deletes": ("max_deletes", _limit),
    "server-dry-run": ("server_dry_run", _flag),
    "parallelism": ("parallelism", _number),
    "lock-timeout": ("lock_timeout", _number),
    "wait-timeout": ("wait_timeout", _number),
    "strict": ("strict", _flag),
    "kubeconfig": ("kubeconfig", _path),
    "kube-context": ("kube_context", _text),
    "set-namespace": ("set_namespace", _text),
    "sae-namespaces": ("sae_namespaces", _pairs),
    "qps": ("qps", _number),
}
