"""``reconciler.yaml``: options that a directory of manifests always goes with.

It is looked for upwards from the working directory. Paths in it are relative to where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.errors import ConfigError

if TYPE_CHECKING:
    from reconciler.manifests.fields import Entry, Fields

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
        """Take the file's settings for defaults; a broken file does not keep help from showing."""
        if not {"-h", "--help"} & set(args):
            extra["default_map"] = settings(Path.cwd())
        return super().make_context(info_name, args, parent, **extra)


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
    from reconciler.manifests.fields import Fields  # noqa: PLC0415
    from reconciler.manifests.nodes import Mapping  # noqa: PLC0415
    from reconciler.manifests.yaml import documents  # noqa: PLC0415

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {type(error).__name__}") from None
    values: dict[str, Any] = {}
    problems: list[str] = []
    for document in documents(text, str(file)):
        if document.problem is not None:
            problems.append(f"{document.problem.source}: {document.problem.message}")
        elif isinstance(document.root, Mapping):
            fields = Fields(document, document.root, None)
            _take(fields, file.parent, values)
            problems += [f"{item.source}: {item.message}" for item in fields.diagnostics("")]
        elif document.root is not None:
            problems.append(f"{file}: must be a map of settings")
    if problems:
        raise ConfigError("\n".join(problems), hint=f"settings are {', '.join(_SETTINGS)}")
    return values


def _take(fields: Fields, directory: Path, values: dict[str, Any]) -> None:
    for name, entry in fields.entries(fields.root, ()).items():
        if name not in _SETTINGS:
            fields.complain("setting-unknown", f"unknown setting {name!r}", (name,), entry)
            continue
        parameter, read = _SETTINGS[name]
        value = read(entry, directory)
        if value is None:
            message = f"the setting {name!r} must be {_EXPECTED[read]}"
            fields.complain("setting-invalid", message, (name,), entry)
        else:
            values[parameter] = value


def _scalar(entry: Entry) -> Any:
    return getattr(entry.node, "value", None)


def _flag(entry: Entry, _directory: Path) -> bool | None:
    value = _scalar(entry)
    return value if isinstance(value, bool) else None


def _text(entry: Entry, _directory: Path) -> str | None:
    value = _scalar(entry)
    return value if isinstance(value, str) and value else None


def _number(entry: Entry, _directory: Path) -> float | None:
    value = _scalar(entry)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _limit(entry: Entry, directory: Path) -> str | None:
    number = _number(entry, directory)
    return _text(entry, directory) if number is None else str(number)


def _store(entry: Entry, directory: Path) -> str | None:
    url = _text(entry, directory)
    if url is None or not url.startswith(_SQLITE):
        return url
    return f"{_SQLITE}{directory / url.removeprefix(_SQLITE)}"


def _paths(entry: Entry, directory: Path) -> tuple[str, ...] | None:
    items = getattr(entry.node, "items", None)
    scalars = [getattr(item, "value", None) for item in items or [entry.node]]
    if not all(isinstance(value, str) and value for value in scalars):
        return None
    return tuple(str(directory / str(value)) for value in scalars)


_Read = Callable[["Entry", Path], Any]

_EXPECTED: dict[_Read, str] = {
    _flag: "true or false",
    _text: "a text",
    _number: "a number",
    _limit: "a number or a percentage",
    _store: "a store's URL",
    _paths: "a path or a list of paths",
}

_SETTINGS: dict[str, tuple[str, _Read]] = {
    "manifests": ("paths", _paths),
    "store": ("store", _store),
    "set": ("set_name", _text),
    "namespace": ("namespace", _text),
    "prune": ("prune", _flag),
    "adopt": ("adopt", _flag),
    "allow-replace": ("allow_replace", _flag),
    "max-deletes": ("max_deletes", _limit),
    "server-dry-run": ("server_dry_run", _flag),
    "parallelism": ("parallelism", _number),
    "lock-timeout": ("lock_timeout", _number),
}
