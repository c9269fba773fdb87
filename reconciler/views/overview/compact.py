"""What came of one environment, in no more than it takes to compare it with others.

Numbers of values are left out, since each plan has its own; so are hashes in names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from reconciler.errors import ReconcilerError
from reconciler.escapes import escaped
from reconciler.model.drift import DriftReport, ObjectState
from reconciler.model.fields import DATA
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Change, FieldChange, Plan
from reconciler.model.remedies import Remedy
from reconciler.model.values import ValueRef
from reconciler.planning.risks import RANKS, risk_of
from reconciler.rules import without_hashes
from reconciler.views import change_words, drift_words, plan_words, words
from reconciler.views.change_words import Row
from reconciler.views.drift_words import Finding
from reconciler.views.heading import NO_HEADING, Heading

UNKNOWN = 0
"""The digest of a value of which nothing may be said, or of no value."""
NEW_VALUE = "(new value)"

_VALUE = re.compile(r"\(value #[0-9]+\)")
_SOME_VALUE = "(value)"


class Likeness(NamedTuple):
    """What happens to an object, but for its name and values: `rank` is lower for greater risks.

    `topic` tells apart what may be said of one object at the same time: its drift, and what pends.
    `symbol` and `words` are those of its headline, `rows` have no values, and `shapes` say of which
    sort these are. `keys` are those of its data among them.
    """

    rank: int
    topic: str
    kind: str
    symbol: str
    words: str
    rows: tuple[Row, ...]
    shapes: tuple[str, ...]
    remarks: tuple[str, ...]
    keys: tuple[str, ...] = ()


class Occurrence(NamedTuple):
    """What happens to the object `key` in one environment.

    `values` are texts, one for each row; `digests` tell new secret values apart, or are `UNKNOWN`.
    `remedies` are what can be done about it.
    """

    key: ObjectKey
    likeness: Likeness
    values: tuple[str, ...]
    digests: tuple[int, ...]
    remedies: tuple[Remedy, ...] = ()


class Statement(NamedTuple):
    """A sentence about an environment as a whole; `rank` is lower for what matters more."""

    rank: int
    label: str
    text: str
    more: tuple[str, ...] = ()


ERROR, REFUSED, PROBLEM, NOTE = range(4)
"""The ranks of statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """One environment: ``facts`` qualify the whole, ``figures`` sum it up, ``store`` is where."""

    environment: str
    store: str = ""
    facts: tuple[str, ...] = ()
    figures: str = ""
    statements: tuple[Statement, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    has_answer: bool = True


def compact_of(
    environment: str,
    shown: object,
    *,
    heading: Heading = NO_HEADING,
    digests: Mapping[int, int] = MappingProxyType({}),
    error: ReconcilerError | None = None,
) -> Compact:
    """What came of `environment`: a plan or a drift report, an `error`, or an `error` after it.

    `digests` tell values of a plan apart by their numbers, those of which anything may be said.
    """
    statements = [] if error is None else [_error(error)]
    match shown:
        case Plan():
            return _plan(environment, shown, heading, digests, statements)
        case DriftReport():
            return _drift(environment, shown, statements)
        case _:
            return Compact(environment=environment, statements=tuple(statements), has_answer=False)


def _plan(
    environment: str,
    plan: Plan,
    heading: Heading,
    digests: Mapping[int, int],
    statements: list[Statement],
) -> Compact:
    statements += [
        Statement(REFUSED, "Refused", escaped(each.message), _hint(each.hint))
        for each in plan.refusals
    ]
    statements += [
        Statement(
            PROBLEM,
            f"{each.severity.value}[{escaped(each.code)}]",
            escaped(" ".join(filter(None, (each.object, each.field, each.message)))),
            _hint(each.hint),
        )
        for each in plan.problems
    ]
    statements += [Statement(NOTE, "", escaped(each.message)) for each in plan.notices]
    facts = (
        f"set {plan.options.set_name}",
        "" if plan.store.id else "nothing applied yet",
        plan_words.options_text(plan.options),
        plan_words.sealed_text(plan),
        *(note.message for note in heading.origin),
    )
    return Compact(
        environment=environment,
        store=plan_words.store_name(plan.store),
        facts=tuple(escaped(fact) for fact in facts if fact),
        figures=_figures(plan),
        statements=tuple(map(_unhashed, statements)),
        occurrences=tuple(_change(change, digests) for change in plan.pending),
    )


def _drift(environment: str, report: DriftReport, statements: list[Statement]) -> Compact:
    """What is in sync, or in a baseline, is only counted."""
    statements += [Statement(NOTE, "", escaped(each.message)) for each in report.notices]
    sections = {
        "": drift_words.drifted(report),
        "pending": drift_words.pending(report),
        "unmanaged": drift_words.in_state(report, ObjectState.UNMANAGED),
    }
    return Compact(
        environment=environment,
        store=plan_words.store_name(report.store),
        facts=(escaped(f"set {report.set_name}"),),
        figures=drift_words.summary_text(report).removesuffix("."),
        statements=tuple(map(_unhashed, statements)),
        occurrences=tuple(
            _finding(finding, rank, topic, {} if topic else report.remedies.of_objects)
            for rank, (topic, section) in enumerate(sections.items())
            for finding in section
        ),
    )


def _figures(plan: Plan) -> str:
    """``1 to create, 2 to update; 12 in sync``, without what there is none of."""
    counts = plan.counts
    told = [
        f"{number} to {action.value}"
        for action in Action
        if action is not Action.NO_OP and (number := counts.get(action, 0))
    ]
    return f"{', '.join(told) or 'no changes'}; {counts.get(Action.NO_OP, 0)} in sync"


def _error(error: ReconcilerError) -> Statement:
    details = tuple(escaped(detail) for detail in error.details)
    return Statement(ERROR, "Error", escaped(error.message), (*details, *_hint(error.hint)))


def _hint(hint: str) -> tuple[str, ...]:
    return (f"hint: {escaped(hint)}",) if hint else ()


def _unhashed(statement: Statement) -> Statement:
    return statement._replace(text=without_hashes(statement.text))


def _change(change: Change, digests: Mapping[int, int]) -> Occurrence:
    rows = [_row(field) for field in change.fields] + change_words.kept_rows(change)
    spare = (UNKNOWN,) * len(change.kept)
    removed = change.removal.keys if change.removal else ()
    return Occurrence(
        _named(change.key),
        Likeness(
            RANKS[risk_of(change)],
            "",
            change.key.kind,
            words.ACTION_SYMBOLS[change.action],
            change_words.reasons_text(change),
            tuple(row._replace(values="") for row in rows),
            tuple(map(_shape, change.fields)),
            tuple(map(without_hashes, change_words.remark_texts(change))),
            (*(field.path[1] for field in change.fields if field.path[0] == DATA), *removed),
        ),
        tuple(without_hashes(row.values) for row in rows),
        (*(_digest(field, digests) for field in change.fields), *spare),
    )


def _finding(
    finding: Finding, rank: int, topic: str, remedies: Mapping[ObjectKey, tuple[Remedy, ...]]
) -> Occurrence:
    rows = tuple(finding.rows)
    return Occurrence(
        _named(finding.item.key),
        Likeness(
            rank,
            topic,
            finding.item.key.kind,
            finding.symbol,
            finding.words,
            tuple(row._replace(values="") for row in rows),
            tuple(row.values for row in rows),
            (),
        ),
        tuple(row.values for row in rows),
        (UNKNOWN,) * len(rows),
        remedies.get(finding.item.key, ()),
    )


def _named(key: ObjectKey) -> ObjectKey:
    return key._replace(name=without_hashes(key.name))


def _row(field: FieldChange) -> Row:
    before, after = (_VALUE.sub(_SOME_VALUE, text) for text in _texts(field))
    if isinstance(field.after, ValueRef) and after == _SOME_VALUE:
        after = NEW_VALUE
    return change_words.field_row(field, before, after)


def _texts(field: FieldChange) -> Iterator[str]:
    for value in (field.before, field.after):
        yield words.value_text(value)


def _shape(field: FieldChange) -> str:
    """Of which sort the values are: secret, absent, not to be read; empty for others."""
    return " ".join(map(_sort, (field.before, field.after)))


def _sort(value: Any) -> str:
    if not isinstance(value, ValueRef):
        return "-"
    return _VALUE.sub(_SOME_VALUE, words.value_text(value))


def _digest(field: FieldChange, digests: Mapping[int, int]) -> int:
    value = field.after
    return digests.get(value.number, UNKNOWN) if isinstance(value, ValueRef) else UNKNOWN
