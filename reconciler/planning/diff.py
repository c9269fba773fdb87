"""What differs between a live object and what it is to become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from reconciler.model.patches import Operation, difference
from reconciler.model.plans import FieldAction, FieldChange, FieldPath
from reconciler.model.values import SecretValue
from reconciler.planning.fields import (
    DATA,
    FINALIZERS,
    METADATA,
    OWNERS,
    Fields,
    field_of,
    unflatten,
)
from reconciler.planning.masking import Masking

_ACTIONS = {
    "dictionary_item_added": FieldAction.ADDED,
    "dictionary_item_removed": FieldAction.REMOVED,
    "iterable_item_added": FieldAction.ADDED,
    "iterable_item_removed": FieldAction.REMOVED,
    "values_changed": FieldAction.CHANGED,
    "type_changes": FieldAction.CHANGED,
}


class Sides(NamedTuple):
    """What an object is and what it is to become; ``changed`` are the fields that differ."""

    live: Fields
    target: Fields
    changed: frozenset[FieldPath]


class Origin(NamedTuple):
    """Where a live field comes from: see `FieldChange`."""

    drift: bool
    manager: str


def changed_paths(live: Fields, target: Fields) -> frozenset[FieldPath]:
    """The fields that are not the same in both."""
    if live == target:
        return frozenset()
    paths = live.keys() | target.keys()
    return frozenset([path for path in paths if live.get(path) != target.get(path)])


def creation(
    namespace: str, former: Fields, target: Fields, masking: Masking
) -> tuple[tuple[FieldChange, ...], tuple[Operation, ...]]:
    """Every field of a new object, sorted by path, and the patch that adds the whole document.

    `former` is the copy that it takes the place of: what only the copy holds goes with it, so the
    values of `former` that `target` leaves out or changes are told as in an update.
    """
    found = masking.masked(namespace, target, target, former)
    new, rest = tuple.__new__, FieldChange((), FieldAction.ADDED)[4:]  # a dozen for each object
    changes = [
        new(FieldChange, (path, FieldAction.ADDED, None, leaf, *rest))
        for path, leaf in found.items()
    ]
    if former:
        sides = Sides(former, target, changed_paths(former, target))
        told = {one.path: one for one in _data_changes(namespace, sides, masking)}
        changes = [told.pop(one.path, one) for one in changes] + list(told.values())
        changes.sort(key=lambda one: one.path)
    return tuple(changes), _addition(found)


def replacement(
    namespace: str,
    sides: Sides,
    masking: Masking,
    origin: Callable[[FieldPath], Origin],
) -> tuple[tuple[FieldChange, ...], tuple[Operation, ...]]:
    """Every field that differs, and the patch that adds the whole document anew."""
    changes = _Comparison(namespace, sides, masking).changes(origin)
    target = sides.target
    return changes, _addition(masking.masked(namespace, target, target, sides.live))


def update(
    namespace: str,
    sides: Sides,
    masking: Masking,
    origin: Callable[[FieldPath], Origin],
) -> tuple[tuple[FieldChange, ...], tuple[Operation, ...]]:
    """Every field that differs, and the patch that turns the live document into `target`'s."""
    comparison = _Comparison(namespace, sides, masking)
    return comparison.changes(origin), comparison.patch()


def _addition(fields: Fields) -> tuple[Operation, ...]:
    return (Operation(op="add", path="", value=unflatten(fields)),)


class _Comparison:
    """A live object beside what it is to become; both are masked once."""

    def __init__(self, namespace: str, sides: Sides, masking: Masking) -> None:
        live, target, changed = sides
        self._masking = masking
        # Values that differ get their numbers first, in the order of their paths.
        self._data = [*_data_changes(namespace, sides, masking)]
        old = {one.path: one.before for one in self._data if one.before is not None}
        new = {one.path: one.after for one in self._data if one.after is not None}
        self._only_data = len(self._data) == len(changed)
        self._before = masking.mask(namespace, live, target, changed, old)
        self._after = masking.mask(namespace, target, live, changed, new)

    def changes(self, origin: Callable[[FieldPath], Origin]) -> tuple[FieldChange, ...]:
        """Every field that differs: values by reference, metadata in full, sorted by path."""
        changes = self._data
        if not self._only_data:
            changes = [*changes, *_plain_changes(self._before, self._after, self._masking)]
            changes.sort(key=lambda change: change.path)
        origins = [origin(field_of(change.path)) for change in changes]
        return tuple(
            change._replace(drift=found.drift, manager=found.manager)
            for change, found in zip(changes, origins, strict=True)
        )

    def patch(self) -> tuple[Operation, ...]:
        """The patch that turns the one document into the other, values as references."""
        return tuple(
            Operation(one.op, one.path, self._masking.resolve(one.value))
            for one in difference(unflatten(self._before), unflatten(self._after))
        )


def _data_changes(namespace: str, sides: Sides, masking: Masking) -> Iterator[FieldChange]:
    for path in sorted(path for path in sides.changed if path[0] == DATA):
        before: SecretValue | None = sides.live.get(path)
        after: SecretValue | None = sides.target.get(path)
        old = None if before is None else masking.reference(namespace, path, before)
        new = None if after is None else masking.reference(namespace, path, after)
        if before is None:
            yield FieldChange(path, FieldAction.ADDED, after=new)
        elif after is None:
            yield FieldChange(path, FieldAction.REMOVED, before=old)
        else:
            nature = before.nature_of_change(after)
            yield FieldChange(path, FieldAction.CHANGED, before=old, after=new, nature=nature)


def _plain_changes(
    before_masked: Fields, after_masked: Fields, masking: Masking
) -> Iterator[FieldChange]:
    before, after = _nested(before_masked), _nested(after_masked)
    # 0.4 s of CPU to import, so only where metadata really differs.
    from deepdiff import DeepDiff

    # By default, maps that have little in common are reported whole and not key by key.
    tree = DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0)
    for group, levels in tree.items():
        for level in levels:
            yield FieldChange(
                path=tuple(str(part) for part in level.path(output_format="list")),
                action=_ACTIONS[group],
                before=None if group.endswith("added") else masking.resolve(level.t1),
                after=None if group.endswith("removed") else masking.resolve(level.t2),
            )


def _nested(fields: Fields) -> dict[str, Any]:
    """Everything but data as a tree in which each field can be told from its neighbours."""
    groups: dict[str, dict[str, Any]] = {
        name: {} for name in ("labels", "annotations", FINALIZERS, OWNERS)
    }
    tree: dict[str, Any] = {METADATA: groups}
    for path, leaf in fields.items():
        match path:
            case (_, group, name):
                groups[group][name] = leaf
            case (name,):
                tree[name] = leaf
    return tree
