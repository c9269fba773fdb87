"""What can be done about drift: commands to type, and what to change by hand between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.objects import ObjectKey


class Way(StrEnum):
    """A way to settle drift."""

    RESTORE = "restore"
    """Make the store as the manifests say."""
    ACCEPT = "accept"
    """Take what is live into the manifests."""
    IGNORE = "ignore"
    """Leave it as it is, and have no check fail for it."""


@dataclass(frozen=True, slots=True)
class RemedyStep:
    """A command, as the arguments of a process, or an ``edit``: a sentence that says what to do."""

    command: tuple[str, ...] = ()
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Remedy:
    """The steps of a way, in their order."""

    way: Way
    steps: tuple[RemedyStep, ...]


@dataclass(frozen=True, slots=True)
class Remedies:
    """The ways to settle all drift of a report at once, and that of single objects."""

    of_all: tuple[Remedy, ...] = ()
    of_objects: Mapping[ObjectKey, tuple[Remedy, ...]] = field(default_factory=dict)


NO_REMEDIES = Remedies()


@dataclass(frozen=True, slots=True)
class CommandLine:
    """How the commands of a remedy reach what a check has seen.

    ``before`` stands between the name of the program and that of the command. ``place`` says which
    store, set and configuration, for every command; ``inputs`` says which manifests, and how to
    read them, for commands that read any.
    """

    before: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
