"""``reconciler.yaml``: options that a directory of manifests always goes with.

``--config`` names it, else it is looked for from the working directory upwards. Paths in it are
relative to its directory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.environment import environment
from reconciler.cli.lints import SETTING, read_lints
from reconciler.cli.trust import nearest_file, trusted_content
from reconciler.errors import ConfigError

if TYPE_CHECKING:
    from reconciler.manifests import Placed

_SQLITE = "sqlite:"
_IN_USE = f"{__name__}.in-use"


class Configured(click.Command):
    """A command with ``--config``, whose other options may stand in ``reconciler.yaml``."""

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.params.append(_config_option())


def configuration() -> str:
    """The path of the configuration file in use, for headlines; empty where there is none."""
    path: str = click.get_current_context().meta.get(_IN_USE, "")
    return path


def tell_configuration() -> None:
    """Name the configuration file on standard error, where no headline does."""
    from reconciler.views.words import escaped

    if configuration() and not click.get_current_context().params.get("quiet"):
        click.echo(escaped(f"Configuration: {configuration()}"), err=True)


def _config_option() -> click.Option:
    return click.Option(
        ["--config"],
        envvar="RECONCILER_CONFIG",
        show_envvar=True,
        metavar="FILE",
        is_eager=True,  # the file gives the other options their defaults
        expose_value=False,
        callback=_configure,
        help="The configuration file, whoever owns it. By default, reconciler.yaml is looked for.",
    )


def _configure(context: click.Context, _option: click.Parameter, named: str | None) -> None:
    """Take the file's settings for defaults; completion does without them.

    Raises:
        ConfigError: the file cannot be used; the message has every problem with its place.
    """
    if context.resilient_parsing:
        return
    file = nearest_file(_working_directory()) if named is None else Path(named)
    if file is None:
        return
    content = trusted_content(file, environment()) if named is None else _content(file)
    context.default_map = _settings(file, content)
    context.meta[_IN_USE] = named or _from_here(file)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigError("the working directory has been deleted", hint="cd to one") from None


def _content(file: Path) -> bytes:
    """What a file holds that somebody has named; where it is none, the name may be anything."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the configuration file cannot be read: {error.strerror}",
            hint="look at --config and RECONCILER_CONFIG; /dev/null is a file without settings",
        ) from None


def _settings(file: Path, content: bytes) -> dict[str, Any]:
    """The settings in `file`, by the names of the commands' parameters."""
    # PyYAML is needed only where there is a file to read.
    from reconciler.manifests import parse_document

    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8") from None
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
    path = url.removeprefix(_SQLITE)
    if re.match("//[^/]", path) or "://" in path:
        return url  # for the store to refuse: as a path, it would hide what is wrong with it
    return f"{_SQLITE}{_from_here(directory / path)}"


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
