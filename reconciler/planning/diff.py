"""The differences between a live object and its target."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from reconciler.model.fields import DATA, FINALIZERS, METADATA, OWNERS, Fields
from reconciler.model.patches import Operation
from reconciler.model.plans import FieldAction, FieldChange, FieldPath
from reconciler.model.values import Nature, SecretValue
from reconciler.planning.masking import Masking
from reconciler.planning.patching import LISTS, addition, difference

_ACTIONS = {
    "dictionary_item_added": FieldAction.ADDED,
    "dictionary_item_removed": FieldAction.REMOVED,
    "iterable_item_added": FieldAction.ADDED,
    "iterable_item_removed": FieldAction.REMOVED,
    "values_changed": FieldAction.CHANGED,
    "type_changes": FieldAction.CHANGED,
}


class Sides(NamedTuple):
    """The live and the target fields of an object; ``changed`` are the paths that differ."""

    live: Fields
    target: Fields
    changed: frozenset[FieldPath]

    def __repr__(self) -> str:
        return f"<Sides: {len(self.changed)} fields differ>"


def changed_paths(live: Fields, target: Fields) -> frozenset[FieldPath]:
    """The paths of the fields that differ."""
    if live == target:  # as in most objects
        return frozenset()
    changed = {
        path
        for path, leaf in target.items()
        if (old := live.get(path)) is not leaf and old != leaf  # equal ones are mostly the same
    }
    return frozenset(changed | (live.keys() - target.keys()))


def creation(
    namespace: str, former: Fields, target: Fields, masking: Masking
) -> tuple[tuple[FieldChange, ...], tuple[Operation, ...]]:
    """Every field of a new object, sorted by path, and the patch that adds the whole document.

    `former` is the kept copy that the object replaces. Values that only the copy has are lost, so
    those that `target` lacks or changes are shown as in an update.
    """
    shown = masking.masked(namespace, target, target, former)
    added, nature, new = FieldAction.ADDED, Nature.CONTENT, tuple.__new__  # many for each object
    changes = [
        new(FieldChange, (path, added, None, leaf, nature, False, "", False))
        for path, leaf in shown.items()
    ]
    if former:
        sides = Sides(former, target, changed_paths(former, target))
        lost = {change.path: change for change in _data_changes(namespace, sides, masking)}
        changes = [lost.pop(change.path, change) for change in changes] + list(lost.values())
        changes.sort(key=lambda change: change.path)
    return tuple(changes), addition(shown)


def replacement(
    namespace: str, sides: Sides, masking: Masking
) -> tuple[tuple[FieldChange, ...], tuple[Operation, ...]]:
    """Every field that differs, and the patch that adds the whole new document."""
    changes, _ = _compared(namespace, sides, masking)
    target = sides.target
    return changes, addition(masking.masked(namespace, target, target, sides.live))


def update(
    namespace: str, sides: Sides, masking: Masking
) -> tuple[tuple[FieldChange, ...], tuple[Operation, ...]]:
    """Every field that differs, and the patch that turns the live document into `target`'s."""
    changes, shown = _compared(namespace, sides, masking)
    return changes, difference(*sides, shown)


def field_changes(
    namespace: str, before: Fields, after: Fields, masking: Masking
) -> tuple[FieldChange, ...]:
    """Every field that differs, sorted by path."""
    changes, _ = _compared(namespace, Sides(before, after, changed_paths(before, after)), masking)
    return changes


def _compared(
    namespace: str, sides: Sides, masking: Masking
) -> tuple[tuple[FieldChange, ...], Fields]:
    """Every field that differs, sorted by path, and the masked fields that a patch contains.

    Values are references, metadata is shown in full. Values are numbered first, in the order of
    their paths.
    """
    live, target, changed = sides
    changes = [*_data_changes(namespace, sides, masking)]
    shown: Fields = {change.path: change.after for change in changes if change.after is not None}
    if len(changes) < len(changed):
        before = masking.masked(namespace, _plain(live, changed), live, target)
        after = masking.masked(namespace, _plain(target, changed), target, live)
        changes += _plain_changes(before, after, masking)
        changes.sort(key=lambda change: change.path)
        shown |= after
    return tuple(changes), shown


def _data_changes(namespace: str, sides: Sides, masking: Masking) -> Iterator[FieldChange]:
    for path in sorted([path for path in sides.changed if path[0] == DATA]):
        before: SecretValue | None = sides.live.get(path)
        after: SecretValue | None = sides.target.get(path)
        old = None if before is None else masking.reference(namespace, path, before)
        new = None if after is None else masking.reference(namespace, path, after)
        nature = Nature.CONTENT
        if before is None:
            action = FieldAction.ADDED
        elif after is None:
            action = FieldAction.REMOVED
        else:
            action, nature = FieldAction.CHANGED, before.nature_of_change(after)
        yield FieldChange(path, action, old, new, nature)


def _plain(fields: Fields, changed: Collection[FieldPath]) -> Fields:
    """The fields that differ, except data, and lists as a whole."""
    return {
        path: leaf
        for path, leaf in fields.items()
        if path[0] != DATA and (path in changed or path[:-1] in LISTS)
    }


def _plain_changes(
    before_masked: Fields,
    after_masked: Fields,
    masking: Masking,
) -> Iterator[FieldChange]:
    before, after = (_nested(masking.tokens(side)) for side in (before_masked, after_masked))
    # Importing it takes 0.4 s of CPU, so it is imported only if metadata differs.
    from deepdiff import DeepDiff

    # By default, maps that have little in common are reported as a whole, not key by key.
    tree = DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0)
    for group, levels in tree.items():
        for level in levels:
            path = tuple(str(part) for part in level.path(output_format="list"))
            yield FieldChange(
                path,
                _ACTIONS[group],
                None if group.endswith("added") else masking.resolve(level.t1),
                None if group.endswith("removed") else masking.resolve(level.t2),
            )


def _nested(fields: Fields) -> dict[str, Any]:
    """All fields except data as a tree with a node for each field."""
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
