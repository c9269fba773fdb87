"""A directory of plan files, one for each environment, and the index that says which are current.

The index decides nothing but which plan belongs to which environment: the order, the stores and the
options of an apply come from the configuration and the plans.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.errors import FileNotWritten, PlanFileError
from reconciler.files import write_whole
from reconciler.model.shards import Shard, Share

INDEX = "index.json"
FORMAT = "reconciler.plans/v1"

_MODE = 0o644
_SUFFIX = ".plan"


@dataclass(frozen=True, slots=True)
class Indexed:
    """What planning an environment came to; ``is_saved`` tells whether there is a plan of it."""

    environment: str
    is_saved: bool


@dataclass(frozen=True, slots=True)
class Index:
    """What an index says. ``share`` is the part of a run that the plans are, if not all of it."""

    entries: tuple[Indexed, ...]
    share: Share | None = None


def is_plan_directory(path: str) -> bool:
    """Whether `path` is a directory that `save_index` has finished."""
    return (Path(path) / INDEX).is_file()


def plan_file_of(directory: Path, environment: str) -> Path:
    """Where the plan of `environment` is in `directory`."""
    return directory / f"{environment}{_SUFFIX}"


def begin_directory(directory: Path, environments: Iterable[str]) -> None:
    """Make `directory`, and take away the index and the old plans of `environments`.

    So nobody takes an old plan for a new one, whenever the planning ends.

    Raises:
        FileNotWritten: that cannot be.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / INDEX).unlink(missing_ok=True)
        for name in environments:
            plan_file_of(directory, name).unlink(missing_ok=True)
    except OSError as error:
        raise FileNotWritten(
            f"{directory}: the plans cannot be written: {error.strerror}",
            hint="name a directory: a file for each environment goes into it",
        ) from None


def save_index(
    directory: Path, environments: Iterable[str], share: Share | None = None
) -> tuple[Indexed, ...]:
    """Write the index of `directory`: which of `environments` have a plan there now.

    `share` is the part of a run that they are, if they are not all of it.

    Raises:
        FileNotWritten: it cannot be written.
    """
    indexed = tuple(Indexed(name, plan_file_of(directory, name).is_file()) for name in environments)
    entries = [
        {
            "environment": each.environment,
            "plan": f"{each.environment}{_SUFFIX}" if each.is_saved else None,
        }
        for each in indexed
    ]
    document: dict[str, Any] = {"format": FORMAT, "environments": entries}
    if share is not None:
        shard = share.shard
        document["shard"] = {"index": shard.index, "of": shard.of, "environments": share.chosen}
    text = json.dumps(document, indent=2)
    write_whole(directory / INDEX, f"{text}\n".encode(), mode=_MODE)
    return indexed


def load_index(directory: Path) -> Index:
    """What the index of `directory` says.

    Raises:
        PlanFileError: it is damaged, or of another format.
    """
    path = directory / INDEX
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise PlanFileError(f"{path} has a format that this version does not know")
        index = Index(
            tuple(_indexed(entry) for entry in document["environments"]),
            _share(document["shard"]) if "shard" in document else None,
        )
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(path) from None
    if len({each.environment for each in index.entries}) != len(index.entries):
        raise _damaged(path)
    return index


def _share(entry: Any) -> Share:
    shard, chosen = Shard(entry["index"], entry["of"]), entry["environments"]
    if not isinstance(chosen, list) or not all(isinstance(name, str) for name in chosen):
        raise ValueError
    if not all(type(number) is int for number in (shard.index, shard.of)):
        raise ValueError
    if not 1 <= shard.index <= shard.of:
        raise ValueError
    return Share(shard, tuple(chosen))


def _indexed(entry: Any) -> Indexed:
    name, plan = entry["environment"], entry["plan"]
    if not isinstance(name, str) or plan not in {None, f"{name}{_SUFFIX}"} or "/" in name:
        raise ValueError
    return Indexed(name, plan is not None)


def _damaged(path: Path) -> PlanFileError:
    return PlanFileError(f"{path} is damaged", hint="plan again with --out")
