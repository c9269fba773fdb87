"""What became of the objects that a set applied: the answer of a drift check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.history import Run
from reconciler.model.objects import ObjectKey, Source
from reconciler.model.plans import FieldPath, Note, StoreIdentity


class ObjectState(StrEnum):
    """How a live object stands to what was applied last."""

    IN_SYNC = "in-sync"
    """Every field that was applied is as it was applied, and nobody added a key."""
    DRIFTED = "drifted"
    """A field was changed or removed, or a key was added, by somebody else."""
    VANISHED = "vanished"
    """It was applied and is gone."""
    MISSING = "missing"
    """A manifest names it, the store does not hold it, and cannot tell whether it ever did."""
    UNKNOWABLE = "unknowable"
    """It exists without a record of this set, so nothing can be said."""
    UNMANAGED = "unmanaged"
    """A Secret that no set owns, in a namespace in which the set has objects."""
    PENDING = "pending"
    """A manifest names it and it was never applied: no drift, but a change to come."""


class FieldState(StrEnum):
    """How a live field stands to what was applied last."""

    IN_SYNC = "in-sync"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    UNKNOWABLE = "unknowable"


class Pending(StrEnum):
    """What the manifest would change of what was applied last."""

    NONE = "none"
    SET = "set"
    REMOVE = "remove"
    UNKNOWN = "unknown"
    """The manifest's value is sealed, and not surely the one that was applied."""


DRIFT_STATES = frozenset(
    {ObjectState.DRIFTED, ObjectState.VANISHED, ObjectState.MISSING, ObjectState.UNKNOWABLE}
)
"""The states of objects that a drift check is there to find."""


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One field: what became of it in the store, and what its manifest has in mind for it.

    ``manager`` is the other program that wrote it last, where it differs and the store knows.
    """

    path: FieldPath
    state: FieldState
    pending: Pending = Pending.NONE
    manager: str = ""


@dataclass(frozen=True, slots=True)
class ObjectDrift:
    """One object. ``fields`` are sorted by path, those in sync included.

    ``orphaned`` tells that the set owns it, that no manifest names it or a newer version of it, and
    that it can be deleted.
    """

    key: ObjectKey
    state: ObjectState
    fields: tuple[FieldDrift, ...] = ()
    orphaned: bool = False
    source: Source | None = field(default=None, compare=False)

    @property
    def pending(self) -> bool:
        """Whether a plan would have something to do here even if nothing had drifted."""
        return (
            self.orphaned
            or self.state is ObjectState.PENDING
            or any(item.pending in {Pending.SET, Pending.REMOVE} for item in self.fields)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """The answer of one check; the same drift gives the same report, whenever it is asked for.

    ``objects`` are sorted by kind, namespace and name. ``last`` is the last run of the set.
    """

    store: StoreIdentity
    set_name: str
    objects: tuple[ObjectDrift, ...] = ()
    notices: tuple[Note, ...] = ()
    last: Run | None = field(default=None, compare=False)

    @property
    def drifted(self) -> bool:
        """Whether there is any drift; changes to come and unmanaged Secrets are none."""
        return any(item.state in DRIFT_STATES for item in self.objects)

    @property
    def counts(self) -> Mapping[ObjectState, int]:
        """How many objects are in each state."""
        return Counter(item.state for item in self.objects)
