"""What became of what was applied, as JSON."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable

from reconciler.model.drift import DriftReport, FieldDrift, FieldState, ObjectDrift, ObjectState
from reconciler.model.remedies import Remedy
from reconciler.views.formats import Drifts
from reconciler.views.json.histories import run_document
from reconciler.views.json.parts import (
    Document,
    key_document,
    note_document,
    path_document,
    serialised,
    source_document,
    store_document,
)

DRIFT_FORMAT = "reconciler.drift/v1"
DRIFTS_FORMAT = "reconciler.drifts/v1"


def drift(report: DriftReport, configuration: str = "") -> str:
    """The whole report, what is in sync included (``drift-v1.json``)."""
    return serialised(drift_document(report, configuration))


def drift_document(report: DriftReport, configuration: str = "") -> Document:
    """What `drift` serialises."""
    return {
        "format": DRIFT_FORMAT,
        "store": store_document(report.store),
        "configuration": configuration or None,
        "set": report.set_name,
        "lastRun": report.last and run_document(report.last),
        "summary": _summary(report),
        "failOn": sorted(report.fail_on),
        "objects": [
            _object(entry, report.remedies.of_objects.get(entry.key, ()))
            for entry in report.objects
        ],
        "remedies": [_remedy(remedy) for remedy in report.remedies.of_all],
        "notices": [note_document(notice) for notice in report.notices],
    }


def drifts(report: Drifts) -> str:
    """Several checks, and the sums of their summaries (``drifts-v1.json``)."""
    documents = [drift_document(each.report, each.configuration) for each in report.checks]
    states: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for document in documents:
        summary = dict(document["summary"])
        states.update(summary.pop("states"))
        totals.update(summary)
    summary = {"reports": len(documents), **totals, "drift": bool(totals["drift"])}
    summary["states"] = {state.value: states[state] for state in ObjectState}
    return serialised({"format": DRIFTS_FORMAT, "summary": summary, "reports": documents})


def _summary(report: DriftReport) -> Document:
    counts = report.counts
    return {
        "drift": report.failing,
        "states": {state.value: counts.get(state, 0) for state in ObjectState},
        "driftedFields": sum(
            field.state is not FieldState.IN_SYNC
            for entry in report.objects
            for field in entry.fields
        ),
        "pendingChanges": sum(entry.pending for entry in report.objects),
        "accepted": sum(entry.accepted for entry in report.objects),
    }


def _object(entry: ObjectDrift, remedies: Iterable[Remedy]) -> Document:
    return {
        "key": key_document(entry.key),
        "state": entry.state,
        "orphaned": entry.orphaned,
        "pending": entry.pending,
        "accepted": entry.accepted,
        "fields": [_field(field) for field in entry.fields],
        "source": entry.source and source_document(entry.source),
        "remedies": [_remedy(remedy) for remedy in remedies],
    }


def _field(field: FieldDrift) -> Document:
    return {
        **path_document(field.path),
        "state": field.state,
        "pending": field.pending,
        "manager": field.manager,
        "accepted": field.accepted,
    }


def _remedy(remedy: Remedy) -> Document:
    return {
        "way": remedy.way,
        "steps": [
            {"command": shlex.join(step.command)} if step.command else {"edit": step.edit}
            for step in remedy.steps
        ],
    }
