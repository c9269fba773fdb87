"""What a reviewer would want to be told of values that nobody is shown.

A rename, a swap, a value that another object has already, other dates of a certificate, an owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.model.fields import DATA, METADATA, OWNERS
from reconciler.model.objects import SECRET, ObjectKey
from reconciler.model.plans import Action, Change, FieldAction, FieldChange, Note
from reconciler.model.values import SecretValue, ValueRef
from reconciler.planning.contents import Contents
from reconciler.planning.records import is_of_set
from reconciler.planning.relocations import Relocations
from reconciler.rules import certificate_dates, field_text

_MOST_EQUAL = 3
_EMPTY = SecretValue(b"")
_WRITES = {Action.CREATE, Action.UPDATE, Action.REPLACE}
_GIVES_VALUE = {FieldAction.ADDED, FieldAction.CHANGED}

_SWAPPED = "{} and {} swap their values"
_EQUAL = "{} has the value that {} has, which is in sync"
_MORE_EQUAL = "{} more values are those of objects in sync"
_OWNED = "{} owns it from now on: whoever deletes that owner deletes it too"

Place = tuple[ObjectKey, str]


def with_recognised(
    changes: Sequence[Change], contents: Contents, relocations: Relocations, set_name: str
) -> list[Change]:
    """Add to each change what is recognised in its values, as notes.

    Equality with an object in sync is told within the same set and namespace only.
    """
    if not any(change.action in _WRITES or change.action is Action.DELETE for change in changes):
        return list(changes)
    recognised = _Recognised(
        contents, relocations, _swaps(changes), _in_sync(changes, contents, set_name)
    )
    result = []
    for change in changes:
        notes = tuple(recognised.notes(change))
        result.append(replace(change, notes=(*change.notes, *notes)) if notes else change)
    return result


@dataclass(frozen=True, slots=True)
class _Recognised:
    """What the notes are made from.

    ``swaps`` has the place with which another one swaps its value; ``in_sync`` has, by namespace
    and value, where an object in sync has it.
    """

    contents: Contents
    relocations: Relocations
    swaps: Mapping[Place, Place]
    in_sync: Mapping[tuple[str, SecretValue], Place]

    def notes(self, change: Change) -> Iterator[Note]:
        yield from self.relocations.notes(change)
        if change.action not in _WRITES:
            return
        yield from self._swaps(change)
        yield from self._equals(change)
        for field in change.fields:
            if _is_data(field):
                yield from self._dates(field)
            elif field.path[:2] == (METADATA, OWNERS) and field.action is FieldAction.ADDED:
                yield Note("owner-added", _OWNED.format(_owner_text(field)))

    def _swaps(self, change: Change) -> Iterator[Note]:
        for field in change.fields if self.swaps else ():
            other = self.swaps.get((change.key, field.path[-1])) if _is_data(field) else None
            if other is not None:
                key, name = other
                there = _place_text(other) if key != change.key else field_text((DATA, name))
                yield Note("swapped", _SWAPPED.format(field_text(field.path), there))

    def _equals(self, change: Change) -> Iterator[Note]:
        equal = [
            _EQUAL.format(field_text(field.path), _place_text(place))
            for field, place in self._equal_places(change)
        ]
        yield from (Note("equal-to", text) for text in equal[:_MOST_EQUAL])
        if len(equal) > _MOST_EQUAL:
            yield Note("equal-to", _MORE_EQUAL.format(len(equal) - _MOST_EQUAL))

    def _equal_places(self, change: Change) -> Iterator[tuple[FieldChange, Place]]:
        if not self.in_sync:
            return
        for field in change.fields:
            value = self.contents.value(field.after) if _is_data(field) else None
            place = None if value is None else self.in_sync.get((change.key.namespace, value))
            if place is not None:
                yield field, place

    def _dates(self, field: FieldChange) -> Iterator[Note]:
        before, after = self._dates_of(field.before), self._dates_of(field.after)
        if after is not None:
            told = f"{field_text(field.path)}: the certificate is valid {_span_text(after)}"
            if before is not None:
                told += f"; the one before, {_span_text(before)}"
            yield Note("certificate-dates", told)
        elif before is not None:
            told = (
                f"{field_text(field.path)}: the certificate before was valid {_span_text(before)}"
            )
            yield Note("certificate-dates", told)

    def _dates_of(self, reference: object) -> tuple[datetime, datetime] | None:
        value = self.contents.value(reference)
        return None if value is None else certificate_dates(value)


def _swaps(changes: Sequence[Change]) -> dict[Place, Place]:
    """Two places of a namespace of which each gets the value that the other one had."""
    turns: dict[tuple[str, int, int], list[Place]] = defaultdict(list)
    for change in changes:
        if change.action not in {Action.UPDATE, Action.REPLACE}:
            continue
        for field in change.fields:
            before, after = field.before, field.after
            if _is_data(field) and isinstance(before, ValueRef) and isinstance(after, ValueRef):
                turn = (change.key.namespace, before.number, after.number)
                turns[turn].append((change.key, field.path[1]))
    swaps: dict[Place, Place] = {}
    for (namespace, before, after), places in turns.items():
        others = turns.get((namespace, after, before), [])
        swaps.update(zip(places, others, strict=False))
    return swaps


def _in_sync(
    changes: Sequence[Change], contents: Contents, set_name: str
) -> dict[tuple[str, SecretValue], Place]:
    """The values that changes give to keys and that objects in sync have already.

    What is sought is gathered first, since a set may have a million values in sync.
    """
    if all(change.action is not Action.NO_OP for change in changes):
        return {}
    sought = {
        (change.key.namespace, value)
        for change in changes
        if change.action in _WRITES
        for field in change.fields
        if _is_data(field) and field.action in _GIVES_VALUE
        for value in (contents.value(field.after),)
        if value is not None and value != _EMPTY
    }
    places: dict[tuple[str, SecretValue], Place] = {}
    namespaces = {namespace for namespace, _ in sought}
    for change in changes:
        key = change.key
        if (
            change.action is not Action.NO_OP
            or key.kind != SECRET
            or key.namespace not in namespaces
        ):
            continue
        live = contents.snapshot.objects.get(key)
        if live is None or not is_of_set(live, set_name):
            continue
        for name, value in live.data.items():
            if (key.namespace, value) in sought:
                places.setdefault((key.namespace, value), (key, name))
    return places


def _is_data(field: FieldChange) -> bool:
    return field.path[0] == DATA


def _place_text(place: Place) -> str:
    key, name = place
    return f"{field_text((DATA, name))} of {key}"


def _owner_text(field: FieldChange) -> str:
    kind, name = field.path[2].split("/")[:2]
    return f"{kind}/{name}"


def _span_text(span: tuple[datetime, datetime]) -> str:
    begins, ends = span
    return f"from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}"
