"""Changes as people read them: the greatest risk first, and many that are alike as one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.fields import DATA
from reconciler.model.plans import Change, FieldAction, FieldChange, Plan
from reconciler.model.values import ValueRef
from reconciler.planning.risks import RANKS, Risk, risk_of
from reconciler.views import change_words, words
from reconciler.views.change_words import Row
from reconciler.views.words import counted

MANY = 5
"""So many changes that are alike are shown as one."""
FEW = 10
"""So many groups are shown open."""

RISK_WORDS = {
    Risk.DELETE: "Deletes",
    Risk.REPLACE: "Replaces",
    Risk.REMOVED_KEYS: "Removed keys",
    Risk.UNKNOWABLE: "Values that cannot be compared",
    Risk.WARNING: "Changes with warnings",
    Risk.RESTART: "Restarts",
    Risk.ORDINARY: "Other changes",
}
_FIELD_WORDS = {
    FieldAction.ADDED: "added",
    FieldAction.CHANGED: "changed",
    FieldAction.REMOVED: "removed",
}
_VARIES = "(differs)"


@dataclass(frozen=True, slots=True)
class Group:
    """One change, or many that differ in name, place and values alone."""

    changes: tuple[Change, ...]

    @property
    def first(self) -> Change:
        """The change, or any of many."""
        return self.changes[0]

    @property
    def many(self) -> bool:
        """Whether it stands for several."""
        return len(self.changes) > 1


@dataclass(frozen=True, slots=True)
class Chapter:
    """The changes of one risk; ``heading`` is empty where there is no other chapter.

    ``is_open`` says whether a view that can fold groups shows what is inside: it does where there
    are few groups altogether, or few of a chapter that is not of the ordinary changes.
    """

    heading: str
    groups: tuple[Group, ...]
    is_open: bool


def chapters(plan: Plan, *, apart: bool = False) -> list[Chapter]:
    """The changes that are not no-ops by risk, each in the order of its step.

    With `apart`, each change stands for itself.
    """
    by_risk: dict[Risk, list[Change]] = {}
    for change in _in_order(plan):
        by_risk.setdefault(risk_of(change), []).append(change)
    by_risk = dict(sorted(by_risk.items(), key=lambda item: RANKS[item[0]]))
    grouped = {
        risk: tuple(Group((change,)) for change in changes) if apart else tuple(_groups(changes))
        for risk, changes in by_risk.items()
    }
    are_few = sum(map(len, grouped.values())) <= FEW
    return [
        Chapter(
            f"{RISK_WORDS[risk]}: {counted(len(changes), 'object')}" if len(by_risk) > 1 else "",
            grouped[risk],
            are_few or (risk is not Risk.ORDINARY and len(grouped[risk]) <= FEW),
        )
        for risk, changes in by_risk.items()
    ]


def title(group: Group) -> str:
    """``148 Secrets alike, one key changed: password``, for a group of many."""
    first = group.first
    return ", ".join(filter(None, (f"{len(group.changes)} {first.key.kind}s alike", gist(first))))


def gist(change: Change) -> str:
    """``one key changed: password, 2 other fields``; empty where no field changes."""
    parts = []
    for action, said in _FIELD_WORDS.items():
        names = [
            field.path[1]
            for field in change.fields
            if field.path[0] == DATA and field.action is action
        ]
        if names:
            keys = "one key" if len(names) == 1 else f"{len(names)} keys"
            parts.append(f"{keys} {said}: {words.names_text(names)}")
    others = sum(field.path[0] != DATA for field in change.fields)
    if others:
        parts.append(counted(others, "other field"))
    return ", ".join(parts)


def field_rows(group: Group) -> list[Row]:
    """The fields of a change; of many, with what differs between them as ``(differs)``."""
    if not group.many:
        return change_words.change_rows(group.first)
    columns = zip(*(change.fields for change in group.changes), strict=True)
    rows = [change_words.field_row(fields[0], *_values(fields)) for fields in columns]
    return [*rows, *change_words.kept_rows(group.first)]


def names(group: Group) -> list[str]:
    """The names of all objects of a group."""
    return [words.object_text(change.key) for change in group.changes]


def name_lines(group: Group, width: int) -> list[str]:
    """The names of all objects of a group in lines of at most `width`, if each fits by itself."""
    lines: list[str] = []
    for name in names(group):
        if lines and len(lines[-1]) + len(name) + 3 <= width:
            lines[-1] += f" {name},"
        else:
            lines.append(f"{name},")
    return [*lines[:-1], lines[-1].removesuffix(",")]


def _in_order(plan: Plan) -> list[Change]:
    """The changes that are not no-ops, in the order of their steps."""
    rank = {step.key: position for position, step in enumerate(plan.steps)}
    return sorted(plan.pending, key=lambda change: rank.get(change.key, len(rank)))


def _groups(changes: Iterable[Change]) -> Iterator[Group]:
    """A group for each kind of change that there are many of, where the first of it stands.

    The hashes of what changes have in common say which may be alike: to keep the whole of it for
    each takes more memory than the changes themselves.
    """
    alike: dict[int, list[Change]] = {}
    for change in changes:
        alike.setdefault(hash(_likeness(change)), []).append(change)
    for same in alike.values():
        if len(same) >= MANY and _are_alike(same):
            yield Group(tuple(same))
        else:
            yield from (Group((change,)) for change in same)


def _are_alike(changes: Sequence[Change]) -> bool:
    likeness = _likeness(changes[0])
    return all(_likeness(change) == likeness for change in changes)


def _likeness(change: Change) -> Hashable:
    """What changes that are shown as one have in common."""
    return (
        change.key.kind,
        change.action,
        change.generate_name,
        change.reasons,
        tuple(field._replace(before=None, after=None) for field in change.fields),
        tuple(_shape(field) for field in change.fields),
        change.kept,
        tuple(change_words.remark_texts(change)),
    )


def _shape(field: FieldChange) -> str:
    """The values of a field that a group shows: all but secret ones."""
    values = (_blank(field.before), _blank(field.after))
    return repr(values)


def _blank(value: Any) -> Any:
    if isinstance(value, ValueRef):
        return words.UNREAD if value.unread else ""
    return value


def _values(fields: Sequence[FieldChange]) -> tuple[str, str]:
    """How the values of one field are told of all changes of a group."""
    sides = ([field.before for field in fields], [field.after for field in fields])
    before, after = ({words.value_text(value) for value in side} for side in sides)
    told = [side.pop() if len(side) == 1 else _VARIES for side in (before, after)]
    return told[0], told[1]
