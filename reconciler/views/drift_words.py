"""Drift in words: what the formats for people share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from reconciler.escapes import escaped
from reconciler.model.drift import (
    DRIFT_STATES,
    DriftKind,
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.views.change_words import Row
from reconciler.views.plan_words import store_name
from reconciler.views.words import counted, field_text

STATE_SYMBOLS = {
    ObjectState.IN_SYNC: "=",
    ObjectState.DRIFTED: "~",
    ObjectState.VANISHED: "-",
    ObjectState.MISSING: "?",
    ObjectState.UNKNOWABLE: "?",
    ObjectState.UNMANAGED: "=",
    ObjectState.PENDING: "+",
}
STATE_WORDS = {
    ObjectState.IN_SYNC: "in sync",
    ObjectState.DRIFTED: "drifted",
    ObjectState.VANISHED: "vanished: applied, and gone since",
    ObjectState.MISSING: "missing: the store cannot tell if it ever held it",
    ObjectState.UNKNOWABLE: "unknowable: no record of this set",
    ObjectState.UNMANAGED: "unmanaged: no set owns it",
    ObjectState.PENDING: "not applied yet",
}
FIELD_SYMBOLS = {
    FieldState.IN_SYNC: "=",
    FieldState.CHANGED: "~",
    FieldState.REMOVED: "-",
    FieldState.ADDED: "+",
    FieldState.UNKNOWABLE: "?",
}
FIELD_WORDS = {
    FieldState.IN_SYNC: "in sync",
    FieldState.CHANGED: "changed",
    FieldState.REMOVED: "removed",
    FieldState.ADDED: "added",
    FieldState.UNKNOWABLE: "unknowable",
}
REMARKS = {
    Pending.NONE: "",
    Pending.SET: "its manifest has changed too",
    Pending.REMOVE: "no longer in the manifest",
    Pending.UNKNOWN: "sealed in the manifest",
}
PENDING_SYMBOLS = {Pending.SET: "~", Pending.REMOVE: "-"}
PENDING_WORDS = {Pending.SET: "set by the manifest", Pending.REMOVE: "no longer in the manifest"}

_BY = "by {}"
_IN_BASELINE = "in the baseline"

PENDING_HEADING = "Pending changes: the manifests differ from what was applied last."
ACCEPTED_HEADING = "In the baseline: known drift, unchanged since."
UNMANAGED_HEADING = "Unmanaged Secrets: they are in the namespaces of this set."


class Finding(NamedTuple):
    """An object of a report: its symbol, what is to be said about it, and its fields."""

    symbol: str
    item: ObjectDrift
    words: str
    rows: list[Row]


def drifted(report: DriftReport) -> list[Finding]:
    """The objects with drift that no baseline has, each with the fields that drifted."""
    return [
        _drifted(item)
        for item in report.objects
        if item.state in DRIFT_STATES and not item.accepted
    ]


def counting(report: DriftReport) -> list[Finding]:
    """The objects whose drift counts, each with the fields that drifted."""
    return [_drifted(item) for item in report.objects if item.kinds & report.fail_on]


def accepted(report: DriftReport) -> list[Finding]:
    """The objects whose drift is in a baseline."""
    return [_drifted(item) for item in report.objects if item.accepted]


def pending(report: DriftReport) -> list[Finding]:
    """The objects that a plan would touch even without drift, each with those fields."""
    return [_pending(item) for item in report.objects if item.pending]


def in_state(report: DriftReport, state: ObjectState) -> list[Finding]:
    """The objects of one state, without their fields."""
    return [
        Finding(STATE_SYMBOLS[state], item, STATE_WORDS[state], [])
        for item in report.objects
        if item.state is state and not item.accepted
    ]


def summary_text(report: DriftReport) -> str:
    """``Drift: 2 objects drifted, 1 vanished; 1 pending change; 12 in sync.``, or ``No drift. …``.

    An object counts as in sync where it is as it was applied, whatever its manifest says now.
    """
    drifted = any(item.state in DRIFT_STATES and not item.accepted for item in report.objects)
    return f"{_figures_text(report.objects)}{_counting_text(report, drifted=drifted)}"


def title_text(report: DriftReport) -> str:
    """``set shop, store state/store.db``."""
    return escaped(f"set {report.set_name}, store {store_name(report.store)}")


def total_text(reports: Sequence[DriftReport]) -> str:
    """``3 drift checks, 1 with drift that counts. Drift: 2 objects drifted; 12 in sync.``."""
    failing = sum(report.failing for report in reports)
    checks = f"{counted(len(reports), 'drift check')}, {failing or 'none'} with drift that counts"
    return f"{checks}. {_figures_text([item for report in reports for item in report.objects])}"


def _figures_text(objects: Sequence[ObjectDrift]) -> str:
    counts = Counter(item.state for item in objects if not item.accepted)
    in_sync = counts[ObjectState.IN_SYNC]
    numbers = [(state, counts[state]) for state in ObjectState if state in DRIFT_STATES]
    numbers = [(state, number) for state, number in numbers if number]
    others = _others(objects, counts[ObjectState.UNMANAGED])
    if not numbers:
        nothing = "No new drift" if any(item.accepted for item in objects) else "No drift"
        return "; ".join([f"{nothing}. {counted(in_sync, 'object')} in sync", *others]) + "."
    first, number = numbers[0]
    drift = [f"{counted(number, 'object')} {first.value}"]
    drift += [f"{number} {state.value}" for state, number in numbers[1:]]
    return "; ".join([f"Drift: {', '.join(drift)}", *others, f"{in_sync} in sync"]) + "."


def _others(objects: Sequence[ObjectDrift], unmanaged: int) -> list[str]:
    """What stands between drift and what is in sync."""
    waiting = sum(item.pending for item in objects)
    accepted = sum(item.accepted for item in objects)
    numbers = [f"{accepted} in the baseline"] if accepted else []
    numbers += [counted(waiting, "pending change")] if waiting else []
    return [*numbers, *([f"{unmanaged} unmanaged"] if unmanaged else [])]


def _counting_text(report: DriftReport, *, drifted: bool) -> str:
    """What ``--fail-on`` makes of it, where that is not what the numbers say."""
    if report.failing == drifted:
        return ""
    kinds = ",".join(kind for kind in DriftKind if kind in report.fail_on)
    return f" {'This counts' if report.failing else 'None of it counts'}: --fail-on {kinds}."


def _drifted(item: ObjectDrift) -> Finding:
    return Finding(STATE_SYMBOLS[item.state], item, STATE_WORDS[item.state], _drift_rows(item))


def _drift_rows(item: ObjectDrift) -> list[Row]:
    return [_drift_row(field) for field in item.fields if field.state is not FieldState.IN_SYNC]


def _drift_row(field: FieldDrift) -> Row:
    remarks = (
        _BY.format(escaped(field.manager)) if field.manager else "",
        REMARKS[field.pending],
        _IN_BASELINE if field.accepted else "",
    )
    remark = "; ".join(filter(None, remarks))
    return Row(FIELD_SYMBOLS[field.state], field_text(field.path), FIELD_WORDS[field.state], remark)


def _pending(item: ObjectDrift) -> Finding:
    rows = [
        Row(PENDING_SYMBOLS[field.pending], field_text(field.path), PENDING_WORDS[field.pending])
        for field in item.fields
        if field.pending in PENDING_WORDS
    ]
    if item.state is ObjectState.PENDING:
        return Finding("+", item, STATE_WORDS[item.state], rows)
    if item.orphaned:
        return Finding("-", item, "orphaned: this set owns it, and no manifest names it", rows)
    return Finding("~", item, "its manifest has changed", rows)
