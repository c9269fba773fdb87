"""How the values of options are read: by a type from the command line, and from settings."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reconciler.cli.parameters import COLOURS, Word
from reconciler.cli.types import (
    DeleteLimitType,
    DriftKindsType,
    DurationType,
    FlagType,
    KeyTargetType,
    NamespaceType,
    NumberType,
    SecondsType,
    SetNameType,
    ShardType,
    TargetType,
)
from reconciler.model.options import OptionKind

SQLITE = "sqlite:"
_OF_FILES = (SQLITE, "snapshot:")
"""How the URLs of stores begin that are files."""


def relative_path(path: Path) -> str:
    """`path` from the working directory, so that a saved plan names no directory of a machine."""
    return os.path.relpath(path)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a kind of value is read.

    ``type`` reads it from the command line and the environment. ``setting`` reads it from
    ``reconciler.yaml``, given the directory of that file, and answers ``None`` where the value is
    not what ``expected`` says.
    """

    type: click.ParamType[Any]
    expected: str
    setting: Callable[[Any, Path], Any]


def _flag(value: Any, _directory: Path) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any, _directory: Path) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any, _directory: Path) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number_or_text(value: Any, directory: Path) -> str | None:
    number = _number(value, directory)
    return _text(value, directory) if number is None else str(number)


def _store(value: Any, directory: Path) -> str | None:
    url = _text(value, directory)
    scheme = next((each for each in _OF_FILES if url is not None and url.startswith(each)), None)
    if url is None or scheme is None:
        return url
    path = url.removeprefix(scheme)
    if re.match("//[^/]", path) or "://" in path:
        return url  # for the store to refuse: as a path, it would hide what is wrong with it
    return f"{scheme}{relative_path(directory / path)}"


def _path(value: Any, directory: Path) -> str | None:
    path = _text(value, directory)
    return None if path is None else relative_path(directory / path)


def _map(value: Any, _directory: Path) -> str | None:
    if not isinstance(value, dict):
        return None
    pairs = {name: entry.value for name, entry in value.items()}
    if not pairs or not all(isinstance(text, str) for pair in pairs.items() for text in pair):
        return None
    return ",".join(f"{name}={text}" for name, text in pairs.items())


def _words(value: Any, directory: Path) -> str | None:
    if isinstance(value, list):
        texts = [entry.value for entry in value if isinstance(entry.value, str)]
        return ",".join(texts) if texts and len(texts) == len(value) else None
    return _text(value, directory)


_COUNT = NumberType("write a whole number from 1 to 256", 1, 256, whole=True)
_NUMBER = NumberType("write a whole number from 0 to 100000", 0, 100_000, whole=True)
_RATE = NumberType("write a number above 0, at most 10000", 0.001, 10_000)

READINGS: dict[OptionKind, Reading] = {
    OptionKind.FLAG: Reading(FlagType(), "true or false", _flag),
    OptionKind.TEXT: Reading(click.STRING, "a string", _text),
    OptionKind.SET_NAME: Reading(SetNameType(), "a string", _text),
    OptionKind.NAMESPACE: Reading(NamespaceType(), "a string", _text),
    OptionKind.OBJECT_KEY: Reading(KeyTargetType(), "a string", _text),
    OptionKind.OBJECT: Reading(TargetType(), "a string", _text),
    OptionKind.DELETE_LIMIT: Reading(
        DeleteLimitType(), "a number or a percentage", _number_or_text
    ),
    OptionKind.DURATION: Reading(DurationType(), "a duration such as 24h", _text),
    OptionKind.COUNT: Reading(_COUNT, "a number", _number),
    OptionKind.NUMBER: Reading(_NUMBER, "a number", _number),
    OptionKind.RATE: Reading(_RATE, "a number", _number),
    OptionKind.SECONDS: Reading(
        SecondsType(), "seconds, or a duration such as 5m", _number_or_text
    ),
    OptionKind.STORE_URL: Reading(click.STRING, "a store's URL", _store),
    OptionKind.PATH: Reading(click.STRING, "a path", _path),
    OptionKind.COLOUR: Reading(Word(COLOURS), " or ".join(COLOURS), _text),
    OptionKind.SHARD: Reading(ShardType(), "I/N", _text),
    OptionKind.DRIFT_KINDS: Reading(DriftKindsType(), "a kind of drift or a list of them", _words),
    OptionKind.MAP: Reading(click.STRING, "a map of names to names", _map),
}
