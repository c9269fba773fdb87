"""What deletes, replaces and removed keys take out of the store, and where copies of it stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.fields import DATA
from reconciler.model.lifecycle import filled_keys
from reconciler.model.objects import SECRET, Desired, Live, ObjectKey
from reconciler.model.plans import Action, Change, FieldAction, Reason, Removal
from reconciler.model.store import Snapshot
from reconciler.model.values import AbsentValue, SecretValue
from reconciler.planning.cascades import cascades
from reconciler.planning.contents import Contents
from reconciler.planning.relocations import Relocations

_WHOLE = {Action.DELETE, Action.REPLACE}

Values = Mapping[str, SecretValue]


def with_removals(
    changes: Sequence[Change],
    named: Mapping[ObjectKey, Desired],
    snapshot: Snapshot,
    contents: Contents,
    relocations: Relocations,
) -> list[Change]:
    """Add to each change what it takes out of the store, if anything."""
    if not any(map(_takes_out, changes)):
        return list(changes)
    taken = cascades(named, snapshot)
    removing = {change.key: _removed(change, snapshot) for change in changes if _takes_out(change)}
    holders = _Holders.of(changes, contents, removing)
    result = []
    for change in changes:
        if change.key not in removing:
            result.append(change)
            continue
        held = snapshot.objects.get(change.key) or snapshot.copies.get(change.key)
        lost, copies = holders.fates(change.key, removing[change.key], relocations)
        removal = Removal(
            type="" if held is None else held.type,
            keys=() if held is None else tuple(sorted(held.data)),
            foreign=_foreign(change, held, contents),
            takes=tuple(sorted(taken(change.key))) if change.action in _WHOLE else (),
            lost=lost,
            copies=copies,
        )
        result.append(replace(change, removal=removal))
    return result


def _takes_out(change: Change) -> bool:
    return change.action in _WHOLE or any(
        field.path[0] == DATA and field.action is FieldAction.REMOVED for field in change.fields
    )


def _removed(change: Change, snapshot: Snapshot) -> Values:
    """The values that the object has before, and not afterwards.

    Of an update only those of removed keys: that a changed key loses its old value goes without
    saying.
    """
    live = snapshot.objects.get(change.key) or snapshot.copies.get(change.key)
    if live is None:
        return {}
    if change.action is Action.DELETE:
        return live.data
    gone = {FieldAction.REMOVED}
    if change.action is Action.REPLACE:
        gone.add(FieldAction.CHANGED)
    names = {
        field.path[1] for field in change.fields if field.path[0] == DATA and field.action in gone
    }
    return {name: live.data[name] for name in names if name in live.data}


def _foreign(change: Change, held: Live | None, contents: Contents) -> tuple[str, ...]:
    """The keys of others that go with a deleted Secret.

    Those that a controller fills in are none, nor are those that a newer version has as well.
    """
    if change.action is not Action.DELETE or held is None or held.applied is None:
        return ()
    ours = {path[1] for path in held.applied.fields if path[0] == DATA}
    added = held.data.keys() - ours - {*filled_keys(held.type)}
    if added and Reason.SUPERSEDED in change.reasons:
        return tuple(
            sorted(name for name in added if not contents.is_in_successor(change.key, name))
        )
    return tuple(sorted(added))


@dataclass(frozen=True, slots=True)
class _Holders:
    """Which object of the set holds a value of a namespace when the plan is applied."""

    places: Mapping[tuple[str, SecretValue], ObjectKey]

    @classmethod
    def of(
        cls, changes: Iterable[Change], contents: Contents, removing: Mapping[ObjectKey, Values]
    ) -> _Holders:
        sought = {
            (key.namespace, value)
            for key, values in removing.items()
            for value in values.values()
            if not isinstance(value, AbsentValue)
        }
        places: dict[tuple[str, SecretValue], ObjectKey] = {}
        if sought:
            namespaces = {namespace for namespace, _ in sought}
            for change in changes:
                if change.key.kind == SECRET and change.key.namespace in namespaces:
                    for value in contents.after(change).values():
                        if (change.key.namespace, value) in sought:
                            places.setdefault((change.key.namespace, value), change.key)
        return cls(places)

    def fates(
        self, key: ObjectKey, values: Values, relocations: Relocations
    ) -> tuple[tuple[str, ...], tuple[ObjectKey, ...]]:
        """The names of the values that are lost, and the objects that hold the others."""
        moved = relocations.successors.get(key)
        if moved is not None:
            return (), (moved,)
        lost = [name for name, value in values.items() if (key.namespace, value) not in self.places]
        return tuple(sorted(lost)), tuple(sorted({*self._copies(key, values)}))

    def _copies(self, key: ObjectKey, values: Values) -> Iterator[ObjectKey]:
        for value in values.values():
            place = self.places.get((key.namespace, value))
            if place is not None:
                yield place
