"""What differs between the manifests of two environments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.objects import ObjectKey, Source
from reconciler.model.plans import FieldChange


class DiffState(StrEnum):
    """How an object of the second environment compares with that of the first."""

    REMOVED = "removed"
    """Only the first environment has it."""
    ADDED = "added"
    """Only the second environment has it."""
    CHANGED = "changed"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDiff:
    """An object in one environment or both.

    ``fields`` are those that differ, without a value. ``equal_keys`` are the keys of ``data`` that
    have the same value in both environments. ``before`` and ``after`` are the places in the
    manifests.
    """

    key: ObjectKey
    state: DiffState
    fields: tuple[FieldChange, ...] = ()
    equal_keys: tuple[str, ...] = ()
    before: Source | None = None
    after: Source | None = None

    @property
    def source(self) -> Source | None:
        """Where the object is, in the second environment if it is there."""
        return self.after or self.before


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between the environments ``before`` and ``after``, given by their names.

    ``objects`` are sorted by kind, namespace and name, equal ones included.
    """

    before: str
    after: str
    objects: tuple[ObjectDiff, ...] = ()

    @property
    def counts(self) -> Mapping[DiffState, int]:
        """How many objects are in each state."""
        return Counter(each.state for each in self.objects)

    @property
    def has_any(self) -> bool:
        """Whether anything differs."""
        return any(each.state is not DiffState.EQUAL for each in self.objects)
