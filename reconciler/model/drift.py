"""What became of the objects that a set applied: the answer of a drift check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.model.history import Run
from reconciler.model.objects import ObjectKey, Source
from reconciler.model.plans import FieldPath, Note, StoreIdentity
from reconciler.model.remedies import NO_REMEDIES, Remedies


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


class DriftKind(StrEnum):
    """A kind of drift, as ``--fail-on`` chooses which ones count."""

    ADDED = "added"
    """Somebody else added a key."""
    CHANGED = "changed"
    """A field was changed or removed, or nothing tells whether it was."""
    VANISHED = "vanished"
    """The object is gone."""
    UNMANAGED = "unmanaged"
    """A Secret of no set is in a namespace of the set."""


FAIL_ON = frozenset({DriftKind.ADDED, DriftKind.CHANGED, DriftKind.VANISHED})
"""The kinds that count unless somebody chooses others."""

_KINDS = {
    ObjectState.VANISHED: DriftKind.VANISHED,
    ObjectState.MISSING: DriftKind.VANISHED,
    ObjectState.UNKNOWABLE: DriftKind.CHANGED,
    ObjectState.UNMANAGED: DriftKind.UNMANAGED,
}

DRIFT_STATES = frozenset(
    {ObjectState.DRIFTED, ObjectState.VANISHED, ObjectState.MISSING, ObjectState.UNKNOWABLE}
)
"""The states of objects that a drift check is there to find."""


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One field: what became of it in the store, and what its manifest has in mind for it.

    ``manager`` is the other program that wrote it last, where it differs and the store knows.
    ``fingerprint`` is that of a live field that differs, bound to its object, so that it tells
    neither the value nor which other object has the same. ``accepted`` says that a baseline has it.
    """

    path: FieldPath
    state: FieldState
    pending: Pending = Pending.NONE
    manager: str = ""
    fingerprint: str = ""
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class ObjectDrift:
    """One object. ``fields`` are sorted by path, those in sync included.

    ``orphaned`` tells that the set owns it, that no manifest names it or a newer version of it, and
    that it can be deleted. ``owner`` is the set that owns it, ``None`` where none does.
    ``replaced`` says that an apply must replace it. ``accepted`` says that a baseline has all of
    its drift. ``uid`` is that of the live object.
    """

    key: ObjectKey
    state: ObjectState
    fields: tuple[FieldDrift, ...] = ()
    orphaned: bool = False
    source: Source | None = field(default=None, compare=False)
    owner: str | None = field(default=None, compare=False)
    replaced: bool = field(default=False, compare=False)
    accepted: bool = False
    uid: str = field(default="", compare=False)

    @property
    def differing(self) -> Iterator[FieldDrift]:
        """The fields that are not in sync."""
        return (item for item in self.fields if item.state is not FieldState.IN_SYNC)

    @property
    def kinds(self) -> frozenset[DriftKind]:
        """The kinds of drift that no baseline has."""
        if self.accepted:
            return frozenset()
        if self.state is not ObjectState.DRIFTED:
            return frozenset({_KINDS[self.state]} if self.state in _KINDS else ())
        kinds = frozenset(
            DriftKind.ADDED if item.state is FieldState.ADDED else DriftKind.CHANGED
            for item in self.differing
            if not item.accepted
        )
        return kinds or frozenset({DriftKind.CHANGED})

    @property
    def pending(self) -> bool:
        """Whether a plan would have something to do here even if nothing had drifted."""
        return (
            self.orphaned
            or self.state is ObjectState.PENDING
            or any(item.pending in {Pending.SET, Pending.REMOVE} for item in self.fields)
        )


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """When the certificates in a key of a live object end, in UTC."""

    key: ObjectKey
    name: str
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """The answer of one check; the same drift gives the same report, whenever it is asked for.

    ``objects`` are sorted by kind, namespace and name. ``last`` is the last run of the set.
    ``fail_on`` are the kinds of drift that count. ``remedies`` are the commands that deal with it.
    ``certificates`` are those in live objects of the set that could be read. ``locked_seconds`` is
    for how long somebody has held the set's lock, 0 where nobody does, infinite where its times
    cannot be understood, and ``None`` where it could not be read.
    """

    store: StoreIdentity
    set_name: str
    objects: tuple[ObjectDrift, ...] = ()
    notices: tuple[Note, ...] = ()
    last: Run | None = field(default=None, compare=False)
    fail_on: frozenset[DriftKind] = FAIL_ON
    remedies: Remedies = field(default=NO_REMEDIES, compare=False)
    certificates: tuple[CertificateEnd, ...] = ()
    locked_seconds: float | None = field(default=None, compare=False)

    @property
    def counting(self) -> Iterator[ObjectDrift]:
        """The objects with drift of a kind that counts and that no baseline has."""
        return (item for item in self.objects if item.kinds & self.fail_on)

    @property
    def drifted(self) -> bool:
        """Whether there is any drift; changes to come and unmanaged Secrets are none."""
        return any(item.state in DRIFT_STATES for item in self.objects)

    @property
    def failing(self) -> bool:
        """Whether there is drift of a kind that counts and that no baseline has."""
        return any(self.counting)

    @property
    def counts(self) -> Mapping[ObjectState, int]:
        """How many objects are in each state."""
        return Counter(item.state for item in self.objects)
