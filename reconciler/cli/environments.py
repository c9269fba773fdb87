"""The settings ``environments`` and ``defaults``: several environments in one configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reconciler.cli.options import STORE
from reconciler.cli.sources import texts
from reconciler.errors import ConfigError
from reconciler.model.environments import NAME_RULE, is_environment_name
from reconciler.model.opening import StoreChoice
from reconciler.model.plan_options import PLAN_OPTIONS
from reconciler.planning.stages import cycles
from reconciler.spelling import did_you_mean
from reconciler.stores import backend_of

if TYPE_CHECKING:
    from reconciler.manifests import Placed
    from reconciler.model.objects import Source

AFTER = "after"
DEFAULTS = "defaults"
ENVIRONMENTS = "environments"

_NO_PLACES = {"qps", "allow-run"}
"""Options of stores that say how, not where."""
_WILDCARD = re.compile(r"\*\*/|\*\*|\*|\?|\[[^]]+\]")


@dataclass(frozen=True, slots=True)
class Described:
    """An environment as a configuration file describes it.

    ``settings`` are its own and those of ``defaults``, by the names of parameters. ``after`` are
    the environments that are to be applied before it. Without a file, or without ``environments``
    in it, there is a single one without a name.
    """

    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()


class Reader(Protocol):
    """How settings and other files are read."""

    problems: list[str]

    def settings(self, entries: Mapping[str, Placed], directory: Path) -> dict[str, Any]:
        """The settings among `entries`, those of a file in `directory`."""
        ...

    def file(self, path: Path) -> dict[str, Placed]:
        """The settings of a file of its own, unread."""
        ...


class Place(NamedTuple):
    """Where an environment keeps its objects: no two may have the same one."""

    store: str
    options: tuple[tuple[str, str], ...]
    set_name: str


class _Entry(NamedTuple):
    """An environment, where it stands, and where each name stands that it comes after."""

    described: Described
    source: Source | str
    after: tuple[tuple[str, Source], ...]


def place_of(choice: StoreChoice, set_name: str) -> Place:
    """Where the set of that name lives in the chosen store."""
    options = {name: text for name, text in choice.options.items() if name not in _NO_PLACES}
    # The context of a cluster may stand in the URL, and the option wins over it.
    url = choice.url.partition(":")[0] if "context" in options else choice.url
    with suppress(ConfigError):  # told where the environment is used
        url = backend_of(url).place(url)
    return Place(url, tuple(sorted(options.items())), set_name)


def same_places(places: Mapping[str, Place]) -> Iterator[tuple[str, ...]]:
    """The names in `places` that share a place with another one, in groups."""
    groups: dict[Place, list[str]] = {}
    for name, place in places.items():
        groups.setdefault(place, []).append(name)
    yield from (tuple(names) for names in groups.values() if len(names) > 1)


def read_environments(
    root: Mapping[str, Placed], file: Path, reader: Reader
) -> tuple[Described, ...]:
    """The environments of the configuration `root`, that of `file`, in their order there.

    What is wrong with them adds to the problems of `reader`.
    """
    if ENVIRONMENTS not in root:
        reader.problems.append(
            f"{root[DEFAULTS].key}: {DEFAULTS!r} are for {ENVIRONMENTS!r}, and there are none"
        )
        return ()
    defaults: dict[str, Any] = {}
    if DEFAULTS in root:
        defaults = _defaults(root[DEFAULTS], file.parent, reader)
    listed = root[ENVIRONMENTS]
    if isinstance(listed.value, dict) and listed.value:
        entries = [*_written_out(listed.value, file.parent, defaults, reader)]
    else:
        entries = [*_matched(listed, file, defaults, reader)]
    reader.problems += _contradictions(entries)
    return tuple(entry.described for entry in entries)


def _defaults(entry: Placed, directory: Path, reader: Reader) -> dict[str, Any]:
    if not isinstance(entry.value, dict):
        reader.problems.append(f"{entry.source}: {DEFAULTS!r} must be a map of settings")
        return {}
    if AFTER in entry.value:
        reader.problems.append(
            f"{entry.value[AFTER].key}: {AFTER!r} is no default: put it in an environment"
        )
    return reader.settings(entry.value, directory)


def _written_out(
    listed: Mapping[str, Placed], directory: Path, defaults: Mapping[str, Any], reader: Reader
) -> Iterator[_Entry]:
    """The environments that a map describes."""
    for name, placed in listed.items():
        if not is_environment_name(name):
            reader.problems.append(f"{placed.key}: {name!r} is no such name: {NAME_RULE}")
        if isinstance(placed.value, dict):
            assert placed.key is not None
            yield _entry(name, placed.value, (placed.key, directory), defaults, reader)
        else:
            reader.problems.append(
                f"{placed.source}: the environment {name!r} must be a map of settings"
            )


def _matched(
    listed: Placed, file: Path, defaults: Mapping[str, Any], reader: Reader
) -> Iterator[_Entry]:
    """The environments whose files a pattern matches, or one of several, each once."""
    patterns = texts(listed.value)
    if patterns is None:
        reader.problems.append(
            f"{listed.source}: {ENVIRONMENTS!r} must be a map of environments, or a pattern of "
            "configuration files such as clusters/*/reconciler.yaml, or a list of patterns"
        )
        return
    files: dict[Path, str] = {}
    names: dict[str, Path] = {}
    for pattern in patterns:
        for path, name in _files(pattern, listed, file, reader):
            if path in files:
                continue
            files[path] = name
            if name in names:
                reader.problems.append(
                    f"{path}: this environment is called {name}, and so is that of {names[name]}: "
                    "rename a directory, or write the environments out"
                )
                continue
            names[name] = path
            yield _entry(name, reader.file(path), (f"{path}:1:1", path.parent), defaults, reader)


def _files(pattern: str, listed: Placed, file: Path, reader: Reader) -> Iterator[tuple[Path, str]]:
    """The files that `pattern` matches, by name, each with what its wildcards stand for."""
    problem = ""
    if pattern.startswith("/"):
        problem = "must be relative to the directory of this file"
    elif not _WILDCARD.search(pattern):
        problem = "has no wildcard, such as the * of clusters/*/reconciler.yaml"
    matched: list[Path] = []
    if not problem:
        try:
            matched = sorted(file.parent.glob(pattern))
        except ValueError:
            problem = "is no pattern: ** must stand alone between slashes"
    paths = [path for path in matched if path.is_file() and path.resolve() != file.resolve()]
    if not problem and not paths:
        problem = "matches no file"
    if problem:
        reader.problems.append(f"{listed.source}: the pattern {pattern!r} {problem}")
    meant = _wildcards(pattern)
    for path in paths:
        match = meant.fullmatch(path.relative_to(file.parent).as_posix())
        parts = "/".join(filter(None, match.groups())) if match else ""
        name = "-".join(filter(None, parts.split("/")))
        if is_environment_name(name):
            yield path, name
        else:
            reader.problems.append(
                f"{path}: {name!r}, which the wildcards of {pattern!r} stand for, names no "
                f"environment: {NAME_RULE}"
            )


def _wildcards(pattern: str) -> re.Pattern[str]:
    """A regular expression for what `pattern` matches, with a group for each wildcard."""
    expressions = {"**/": "((?:[^/]+/)*)", "**": "(.*)", "*": "([^/]*)", "?": "([^/])"}
    parts = []
    end = 0
    for match in _WILDCARD.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        wildcard = match.group()
        characters = wildcard[1:-1].replace("\\", r"\\")
        if characters.startswith("!"):
            characters = f"^{characters[1:]}"
        parts.append(expressions.get(wildcard) or f"([{characters}])")
        end = match.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]))


def _entry(
    name: str,
    settings: Mapping[str, Placed],
    place: tuple[Source | str, Path],
    defaults: Mapping[str, Any],
    reader: Reader,
) -> _Entry:
    """The environment `name` with its `settings`; `place` is where it stands, and the directory."""
    source, directory = place
    after = [*_after(settings.get(AFTER), reader)]
    merged = {**defaults, **reader.settings(settings, directory)}
    described = Described(name, merged, tuple(other for other, _ in after))
    return _Entry(described, source, tuple(after))


def _after(entry: Placed | None, reader: Reader) -> Iterator[tuple[str, Source]]:
    if entry is None:
        return
    items = entry.value if isinstance(entry.value, list) else [entry]
    for item in items:
        if isinstance(item.value, str) and item.value:
            yield item.value, item.source
        else:
            reader.problems.append(
                f"{item.source}: {AFTER!r} must name an environment, or be a list of names"
            )


def _contradictions(entries: Iterable[_Entry]) -> Iterator[str]:
    """What is wrong with `entries` as a whole."""
    by_name = {entry.described.name: entry for entry in entries}
    for name, entry in by_name.items():
        for other, source in entry.after:
            if other not in by_name:
                advice = did_you_mean(other, by_name)
                yield f"{source}: {name} comes after {other!r}, which is no environment" + (
                    f"; {advice}" if advice else ""
                )
    after = {name: entry.described.after for name, entry in by_name.items()}
    for cycle in cycles(after):
        steps = ", ".join(f"{name} comes after {other}" for name, other in pairwise(cycle))
        yield f"{by_name[cycle[0]].source}: the order of environments is a cycle: {steps}"
    places = {name: _configured_place(entry.described.settings) for name, entry in by_name.items()}
    for first, *others in same_places(places):
        for name in others:
            yield (
                f"{by_name[name].source}: {name} has the same store and set as {first}: give one "
                "of them another store or set"
            )


def _configured_place(settings: Mapping[str, Any]) -> Place:
    """Where the settings alone put an environment."""
    url = settings.get(STORE.parameter, STORE.default)
    try:
        declared = backend_of(url).options
    except ConfigError:  # told where the environment is used
        declared = ()
    options = {
        option.name: str(settings[option.parameter])
        for option in declared
        if option.parameter in settings
    }
    set_option = PLAN_OPTIONS["set_name"]
    return place_of(StoreChoice(url, options), str(settings.get("set_name", set_option.default)))
