"""Drift in words: what the formats for people share."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.model.drift import (
    DRIFT_STATES,
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.views.words import Row, counted, field_text, manager_text, object_text

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
    ObjectState.VANISHED: "vanished: it was applied, and the store no longer holds it",
    ObjectState.MISSING: "missing: the store does not hold it, and cannot tell if it ever did",
    ObjectState.UNKNOWABLE: "unknowable: no record of this set tells whether it changed",
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
    FieldState.CHANGED: "changed since the last apply",
    FieldState.REMOVED: "removed since the last apply",
    FieldState.ADDED: "added by somebody else",
    FieldState.UNKNOWABLE: "unknowable: nothing tells whether it changed",
}
REMARKS = {
    Pending.NONE: "",
    Pending.SET: "the manifest sets it too",
    Pending.REMOVE: "no longer in the manifest",
    Pending.UNKNOWN: "sealed in the manifest",
}
PENDING_SYMBOLS = {Pending.SET: "~", Pending.REMOVE: "-"}
PENDING_WORDS = {Pending.SET: "set by the manifest", Pending.REMOVE: "no longer in the manifest"}

_GONE = {ObjectState.VANISHED, ObjectState.MISSING}

PENDING_HEADING = "Pending changes: the manifests differ from what was applied last."
UNMANAGED_HEADING = "Unmanaged Secrets: they are in the namespaces of this set."


class Finding(NamedTuple):
    """An object of a report: its symbol, what is to be said about it, and its fields."""

    symbol: str
    item: ObjectDrift
    words: str
    rows: list[Row]


def drifted(report: DriftReport) -> list[Finding]:
    """The objects with drift, each with the fields that drifted."""
    return [
        Finding(STATE_SYMBOLS[item.state], item, STATE_WORDS[item.state], _drift_rows(item))
        for item in report.objects
        if item.state in DRIFT_STATES
    ]


def pending(report: DriftReport) -> list[Finding]:
    """The objects that a plan would touch even without drift, each with those fields."""
    return [_pending(item) for item in report.objects if item.pending]


def in_state(report: DriftReport, state: ObjectState) -> list[Finding]:
    """The objects of one state, without their fields."""
    return [
        Finding(STATE_SYMBOLS[state], item, STATE_WORDS[state], [])
        for item in report.objects
        if item.state is state
    ]


def summary_text(report: DriftReport) -> str:
    """``Drift: 2 objects drifted, 1 vanished; 1 pending change; 12 in sync.``, or ``No drift. …``.

    An object counts as in sync where it is as it was applied, whatever its manifest says now.
    """
    counts = report.counts
    in_sync = counts.get(ObjectState.IN_SYNC, 0)
    waiting = sum(item.pending for item in report.objects)
    unmanaged = counts.get(ObjectState.UNMANAGED, 0)
    others = [counted(waiting, "pending change")] if waiting else []
    others += [f"{unmanaged} unmanaged"] if unmanaged else []
    numbers = [(state, counts[state]) for state in ObjectState if state in DRIFT_STATES]
    numbers = [(state, number) for state, number in numbers if number]
    if not numbers:
        return "; ".join([f"No drift. {counted(in_sync, 'object')} in sync", *others]) + "."
    first, number = numbers[0]
    drift = [f"{counted(number, 'object')} {first.value}"]
    drift += [f"{number} {state.value}" for state, number in numbers[1:]]
    return "; ".join([f"Drift: {', '.join(drift)}", *others, f"{in_sync} in sync"]) + "."


def what_now(report: DriftReport) -> list[tuple[str, str]]:
    """The ways to go on after drift, each with its name; empty where there is none."""
    if not report.drifted:
        return []
    drifted = [item.key for item in report.objects if item.state is ObjectState.DRIFTED]
    ways = [("restore", "reconciler apply makes it as the manifests say")]
    if drifted:
        example = f"reconciler export --target {object_text(drifted[0])} --reveal --out FILE"
        ways.append(("accept", f"take what is live into the manifests, for example from {example}"))
        ways.append(("ignore", "name the keys in the annotation reconciler/ignore-keys"))
    elif any(item.state in _GONE for item in report.objects):
        ways.append(("accept", "remove the manifests of what is gone, and apply with --prune"))
    return ways


def _drift_rows(item: ObjectDrift) -> list[Row]:
    return [_drift_row(field) for field in item.fields if field.state is not FieldState.IN_SYNC]


def _drift_row(field: FieldDrift) -> Row:
    remark = "; ".join(filter(None, (manager_text(field.manager), REMARKS[field.pending])))
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
