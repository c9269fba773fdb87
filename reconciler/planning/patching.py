"""The RFC 6902 patch that turns one object into another, made from their flat fields."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.model.fields import FINALIZERS, METADATA, OWNERS, Fields, Leaf, unflatten
from reconciler.model.patches import Operation
from reconciler.model.plans import FieldPath

LISTS: frozenset[FieldPath] = frozenset({(METADATA, FINALIZERS), (METADATA, OWNERS)})
"""The groups of fields that are lists in the document."""


def addition(fields: Fields) -> tuple[Operation, ...]:
    """The patch that adds the whole document of `fields`."""
    return (Operation(op="add", path="", value=unflatten(fields)),)


def difference(
    live: Fields, target: Fields, changed: Collection[FieldPath], shown: Fields
) -> tuple[Operation, ...]:
    """The patch that turns the document of `live` into that of `target`.

    `changed` are the paths that differ; `shown` has the masked values of those that are in
    `target`, and of all entries of lists that change. A saved plan is compared with a new one, so
    the operations are in the order of their paths, not of the fields. Lists are replaced as a
    whole, since an index may be wrong where the live list has duplicates.
    """
    whole = _whole_groups(live, target, changed)
    operations: dict[FieldPath, Operation] = {}
    for path in sorted(changed):
        group = path[:-1]
        if group not in whole:
            operations[path] = _operation(path, shown.get(path), existed=path in live)
        elif group not in operations:
            value = _group(group, target, shown)
            operations[group] = _operation(group, value, existed=group in map(_group_of, live))
    return tuple(operations.values())


def _whole_groups(
    live: Fields, target: Fields, changed: Collection[FieldPath]
) -> Collection[FieldPath]:
    """The groups that change as a whole: lists, and maps that only one of the documents has."""
    groups = {*map(_group_of, changed)}
    whole = groups & LISTS
    if any((path in live) is not (path in target) for path in changed):
        # Top-level fields have the document as their group.
        in_both = {*map(_group_of, live)} & {*map(_group_of, target)} | {()}
        whole |= groups - in_both
    return whole


def _group_of(path: FieldPath) -> FieldPath:
    return path[:-1]


def _group(group: FieldPath, target: Fields, shown: Fields) -> Leaf:
    """The list, in the order of `target`, or the map of a group; ``None`` if it is empty."""
    paths = [path for path in target if path[:-1] == group]
    if group in LISTS:
        return [shown[path] for path in paths] or None
    return {path[-1]: shown[path] for path in sorted(paths)} or None


def _operation(path: FieldPath, value: Leaf, *, existed: bool) -> Operation:
    """The operation that sets `path` to `value`; ``None`` removes it."""
    pointer = "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in path)
    if value is None:
        return Operation("remove", pointer)
    return Operation("replace" if existed else "add", pointer, value)
