"""``--strict`` and the setting ``lints``: how loudly warnings are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.spelling import did_you_mean

if TYPE_CHECKING:
    from reconciler.manifests import LintSettings, Placed
    from reconciler.manifests.lints import Level

SETTING = "lints"
"""The setting's name in ``reconciler.yaml``, and the key of what `read_lints` made of it."""

_DAYS = "expiry-days"
_PATHS = "paths"
_LONGEST = 36_500


def lint_settings(*, strict: bool = False) -> LintSettings:
    """What ``--strict`` and the settings of the running command say of warnings."""
    from reconciler.manifests import LintSettings

    settings: dict[str, LintSettings] = click.get_current_context().obj.settings
    return replace(settings.get(SETTING, LintSettings()), strict=strict)


def read_lints(entry: Placed, values: dict[str, Any], directory: Path) -> Iterator[str]:
    """Put the setting ``lints`` into `values`, and yield what is wrong with it.

    Its patterns of paths count from `directory`, that of the configuration file.
    """
    from reconciler.manifests import LintSettings

    if not isinstance(entry.value, dict):
        yield f"{entry.source}: the setting {SETTING!r} must be a map of codes"
        return
    codes = dict(entry.value)
    days = LintSettings().expiry_days
    if _DAYS in codes:
        placed = codes.pop(_DAYS)
        value: Any = placed.value
        if type(value) is int and 0 <= value <= _LONGEST:
            days = value
        else:
            yield f"{placed.source}: {_DAYS} must be a whole number from 0 to {_LONGEST}"
    paths: dict[str, dict[str, Level]] = {}
    if _PATHS in codes:
        yield from _read_paths(codes.pop(_PATHS), paths)
    levels: dict[str, Level] = {}
    yield from _read_levels(codes, levels)
    values[SETTING] = LintSettings(
        levels=levels, paths=paths, root=str(directory), expiry_days=days
    )


def _read_paths(entry: Placed, paths: dict[str, dict[str, Level]]) -> Iterator[str]:
    """Put the levels for each pattern into `paths`, and yield what is wrong with them."""
    if not isinstance(entry.value, dict):
        yield f"{entry.source}: {_PATHS} must be a map of patterns, each with a map of codes"
        return
    for pattern, placed in entry.value.items():
        if isinstance(placed.value, dict):
            yield from _read_levels(placed.value, paths.setdefault(pattern, {}))
        else:
            yield f"{placed.source}: the lints of {pattern!r} must be a map of codes"


def _read_levels(entries: Mapping[str, Placed], levels: dict[str, Level]) -> Iterator[str]:
    """Put the level of each code into `levels`, and yield what is wrong with them."""
    from reconciler.manifests import LINTS, OFF
    from reconciler.model.objects import Severity

    words = dict[Any, Any]({False: OFF, OFF: OFF})  # off is false in YAML
    words.update((str(severity), severity) for severity in Severity)
    for code, placed in entries.items():
        value: Any = placed.value
        if code not in LINTS:
            yield f"{placed.key}: there is no warning {code!r}; {_known(code, LINTS)}"
        elif isinstance(value, str | bool) and value in words:
            levels[code] = words[value]
        else:
            yield f"{placed.source}: the level of {code} must be off, warning or error"


def _known(code: str, codes: frozenset[str]) -> str:
    listed = f"known are {', '.join(sorted(codes | {_DAYS, _PATHS}))}"
    advice = did_you_mean(code, codes)
    return f"{advice} {listed.capitalize()}" if advice else listed
