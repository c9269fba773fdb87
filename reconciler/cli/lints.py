"""``--strict`` and the setting ``lints``: how loudly warnings are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from reconciler.spelling import did_you_mean

if TYPE_CHECKING:
    from reconciler.manifests import LintSettings, Placed

SETTING = "lints"
"""The setting's name in ``reconciler.yaml``, and the key of what `read_lints` made of it."""

_DAYS = "expiry-days"
_LONGEST = 36_500


def lint_settings(*, strict: bool = False) -> LintSettings:
    """What ``--strict`` and the settings of the running command say of warnings."""
    from reconciler.manifests import LintSettings

    settings: dict[str, LintSettings] = click.get_current_context().obj.settings
    return replace(settings.get(SETTING, LintSettings()), strict=strict)


def read_lints(entry: Placed, values: dict[str, Any]) -> Iterator[str]:
    """Put the setting ``lints`` into `values`, and yield what is wrong with it."""
    from reconciler.manifests import LINTS, OFF, LintSettings
    from reconciler.model.objects import Severity

    if not isinstance(entry.value, dict):
        yield f"{entry.source}: the setting {SETTING!r} must be a map of codes"
        return
    words = dict[Any, Any]({False: OFF, OFF: OFF})  # off is false in YAML
    words.update((str(one), one) for one in Severity)
    levels, days = {}, LintSettings().expiry_days
    for code, placed in entry.value.items():
        value: Any = placed.value
        if code == _DAYS:
            if type(value) is int and 0 <= value <= _LONGEST:
                days = value
            else:
                yield f"{placed.source}: {_DAYS} must be a whole number from 0 to {_LONGEST}"
        elif code not in LINTS:
            yield f"{placed.key}: there is no warning {code!r}; {_known(code, LINTS)}"
        elif isinstance(value, str | bool) and value in words:
            levels[code] = words[value]
        else:
            yield f"{placed.source}: the level of {code} must be off, warning or error"
    values[SETTING] = LintSettings(levels=levels, expiry_days=days)


def _known(code: str, known: frozenset[str]) -> str:
    listed = f"known are {', '.join(sorted(known | {_DAYS}))}"
    advice = did_you_mean(code, known)
    return f"{advice} {listed.capitalize()}" if advice else listed
