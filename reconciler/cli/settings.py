"""``reconciler.yaml``: from its text to settings, for one environment or several.

Paths in a file are relative to its directory. Every problem is reported with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.environments import AFTER, DEFAULTS, ENVIRONMENTS, Described, read_environments
from reconciler.cli.lints import SETTING as LINTS
from reconciler.cli.lints import read_lints
from reconciler.cli.options import RUN_OPTIONS
from reconciler.cli.readings import READINGS, Reading, relative_path
from reconciler.cli.sources import SETTING as MANIFESTS
from reconciler.cli.sources import read_manifests, texts
from reconciler.errors import ConfigError
from reconciler.model.inputs import Exclusion
from reconciler.model.options import Option
from reconciler.model.plan_options import PLAN_OPTIONS
from reconciler.spelling import did_you_mean
from reconciler.stores import builtin_options

if TYPE_CHECKING:
    from reconciler.manifests import Placed

EXCLUDE = "exclude"
EXCLUDED = "excluded"
"""What the settings call the exclusions; no parameter's name, since options add to the setting."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a configuration file says, or nothing where there is none.

    ``file`` is its path as a person would type it. A file without `environments` describes a single
    one, which has no name.
    """

    file: str = ""
    environments: tuple[Described, ...] = field(default=(Described(),))

    @property
    def has_environments(self) -> bool:
        """Whether the environments have names, by which they are chosen."""
        return any(described.name for described in self.environments)

    @property
    def after(self) -> Mapping[str, tuple[str, ...]]:
        """What each environment comes after, by their names."""
        return {described.name: described.after for described in self.environments}


def setting_names() -> tuple[str, ...]:
    """The settings that ``reconciler.yaml`` may hold at its top."""
    return (*_names_of_one(), AFTER, DEFAULTS, ENVIRONMENTS)


def read_configuration(
    file: Path, content: bytes, path: str, contents: Callable[[Path], bytes]
) -> Configuration:
    """The configuration that `content`, that of `file`, stands for; `path` is what to call it.

    `contents` reads the files that it takes in.

    Raises:
        ConfigError: the file cannot be used; the message has every problem with its place.
    """
    problems: list[str] = []
    root = _root(file, content, problems)
    environments: tuple[Described, ...] = (Described(),)
    if ENVIRONMENTS in root or DEFAULTS in root:
        reader = _Reader(contents, problems)
        environments = read_environments(root, file, reader)
        problems += _strays(root)
    else:
        settings: dict[str, Any] = {}
        problems += _take(root, file.parent, settings)
        environments = (Described(settings=settings),)
    if problems:
        raise ConfigError(f"{file}: the settings cannot be used", details=problems)
    return Configuration(path, environments)


class _Reader:
    """How settings and other files are read, for `read_environments`."""

    def __init__(self, contents: Callable[[Path], bytes], problems: list[str]) -> None:
        self._contents = contents
        self.problems = problems

    def settings(self, entries: Mapping[str, Placed], directory: Path) -> dict[str, Any]:
        """The settings of one environment, or those that all have in common."""
        values: dict[str, Any] = {}
        self.problems += _take(entries, directory, values)
        return values

    def file(self, path: Path) -> dict[str, Placed]:
        """The settings of a file of its own, unread."""
        root = _root(path, self._contents(path), self.problems)
        for name in (ENVIRONMENTS, DEFAULTS):
            if name in root:
                entry = root.pop(name)
                self.problems.append(
                    f"{entry.key}: {name!r} cannot stand in the file of an environment"
                )
        return root


def _root(file: Path, content: bytes, problems: list[str]) -> dict[str, Placed]:
    """The settings in `content`, unread; what cannot be parsed adds to `problems`."""
    # PyYAML is needed only where there is a file to read.
    from reconciler.manifests import parse_document

    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8") from None
    root, diagnostics = parse_document(text, str(file))
    problems += [
        f"{item.source}: {item.message}" + (f"; {item.hint}" if item.hint else "")
        for item in diagnostics
    ]
    if root is not None and isinstance(root.value, dict):
        return root.value
    if root is not None:
        problems.append(f"{root.source}: must be a map of settings")
    return {}


def _strays(root: Mapping[str, Placed]) -> Iterator[str]:
    """What is wrong with settings that stand beside ``environments``."""
    for name, entry in root.items():
        if name in _names_of_one() or name == AFTER:
            where = f"in an environment{'' if name == AFTER else f', or in {DEFAULTS!r} for all'}"
            yield f"{entry.key}: {name!r} is not allowed beside {ENVIRONMENTS!r}: put it {where}"
        elif name not in {DEFAULTS, ENVIRONMENTS}:
            yield _unknown(name, entry, setting_names())


def _take(entries: Mapping[str, Placed], directory: Path, values: dict[str, Any]) -> Iterator[str]:
    """Put the settings among `entries` into `values`, and yield what is wrong with the others.

    ``after`` is read by `read_environments`: it says nothing in a file that is used alone.
    """
    options = {option.setting: (name, option) for name, option in _options().items()}
    for name, entry in entries.items():
        if name == LINTS:
            yield from read_lints(entry, values, directory)
        elif name == MANIFESTS:
            yield from read_manifests(entry, directory, values)
        elif name == EXCLUDE:
            patterns = texts(entry.value)
            if patterns is None:
                yield f"{entry.source}: the setting {name!r} must be a pattern or a list of them"
            else:
                values[EXCLUDED] = (Exclusion(relative_path(directory), patterns),)
        elif name in options:
            parameter, option = options[name]
            reading = READINGS[option.kind]
            value = reading.setting(entry.value, directory)
            fault = f"must be {reading.expected}" if value is None else _fault(reading, value)
            if fault:
                yield f"{entry.source}: the setting {name!r} {fault}"
            else:
                values[parameter] = value
        elif name != AFTER:
            yield _unknown(name, entry, (*_names_of_one(), AFTER))


def _fault(reading: Reading, value: Any) -> str:
    """What is wrong with the `value` of a setting, which the command line would refuse too."""
    try:
        reading.type.convert(value, None, None)
    except click.BadParameter as error:
        return f"cannot be used: {error.message}"
    return ""


def _unknown(name: str, entry: Placed, names: tuple[str, ...]) -> str:
    advice = did_you_mean(name, names) or f"settings are {', '.join(names)}"
    return f"{entry.key}: unknown setting {name!r}; {advice}"


def _names_of_one() -> tuple[str, ...]:
    """The settings that an environment may have."""
    return (MANIFESTS, EXCLUDE, *(option.setting for option in _options().values()), LINTS)


def _options() -> dict[str, Option]:
    """The options that have a setting, by the names of the parameters that take them."""
    others = {option.parameter: option for option in (*RUN_OPTIONS, *builtin_options())}
    return {name: option for name, option in (others | PLAN_OPTIONS).items() if option.setting}
