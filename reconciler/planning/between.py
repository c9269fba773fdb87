"""Compares the manifests of two environments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from reconciler.model.difference import DiffState, ObjectDiff
from reconciler.model.fields import DATA, Fields, flatten
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Desired, ObjectKey
from reconciler.model.plans import FieldAction, FieldChange, shown_key
from reconciler.model.values import Nature, ValueRef
from reconciler.planning.diff import field_changes
from reconciler.planning.masking import Masking
from reconciler.rules import hashed_base


def objects_between(
    before: Iterable[Desired], after: Iterable[Desired], fingerprinter: Fingerprinter
) -> tuple[ObjectDiff, ...]:
    """Every object of either environment, with the fields that differ, and no value.

    Objects are matched by kind, namespace and name. A hash that kustomize appended to the name does
    not count, since it only repeats that values differ. `fingerprinter` has a key that nobody
    keeps.
    """
    masking = Masking(fingerprinter)
    firsts, seconds = _by_key(before), _by_key(after)
    return tuple(
        _object_diff(key, firsts.get(key), seconds.get(key), masking)
        for key in sorted(firsts.keys() | seconds.keys())
    )


def _object_diff(
    key: ObjectKey, before: Desired | None, after: Desired | None, masking: Masking
) -> ObjectDiff:
    first: Fields = {} if before is None else flatten(before)
    second: Fields = {} if after is None else flatten(after)
    changes = tuple(map(_unsure, field_changes(key.namespace, first, second, masking)))
    state = DiffState.CHANGED if changes else DiffState.EQUAL
    if before is None:
        state = DiffState.ADDED
    elif after is None:
        state = DiffState.REMOVED
    return ObjectDiff(
        key=key,
        state=state,
        fields=changes,
        equal_keys=tuple(
            sorted(
                path[1]
                for path, leaf in first.items()
                if path[0] == DATA and path in second and leaf == second[path]
            )
        ),
        before=None if before is None else before.source,
        after=None if after is None else after.source,
    )


def _unsure(change: FieldChange) -> FieldChange:
    """The same; nothing tells whether a sealed value differs from one with another ciphertext."""
    if change.action is not FieldAction.CHANGED:
        return change
    sides = (change.before, change.after)
    if any(isinstance(side, ValueRef) and side.sealed for side in sides):
        return change._replace(nature=Nature.UNKNOWN)
    return change


def _by_key(desired: Iterable[Desired]) -> Mapping[ObjectKey, Desired]:
    """The objects by the keys that the other environment may have them under."""
    resources = {shown_key(resource): resource for resource in desired}
    bases = {
        key: key._replace(name=base)
        for key, resource in resources.items()
        if (base := hashed_base(resource, resource.data))
    }
    uses = Counter([*resources, *bases.values()])
    return {
        bases[key] if key in bases and uses[bases[key]] == 1 else key: resource
        for key, resource in resources.items()
    }
