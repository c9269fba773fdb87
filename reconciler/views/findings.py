"""What a plan, a drift check or a check of manifests comes to, as findings at places of files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.drift import DriftKind, DriftReport, ObjectState
from reconciler.model.objects import Diagnostic, Severity, Source
from reconciler.model.plans import Change, Plan
from reconciler.planning.risks import Risk, risk_of
from reconciler.views import change_words, drift_words, groups
from reconciler.views.change_words import Row
from reconciler.views.formats import Checked, Drifts, PlanReport


class Level(StrEnum):
    """How bad a finding is; those that come first are worse."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to tell; ``source`` is ``None`` where no manifest has it."""

    level: Level
    code: str
    message: str
    source: Source | None
    object: str = ""
    field: str = ""
    hint: str = ""


def of_plan(plan: Plan) -> Iterator[Finding]:
    """Problems and refusals, then the changes, the greatest risk first, each with its warnings."""
    sources = {change.key: change.source for change in plan.changes}
    yield from map(of_diagnostic, plan.problems)
    for refusal in plan.refusals:
        yield Finding(
            level=Level.ERROR,
            code=f"refused-{refusal.guard}",
            message=refusal.message,
            source=refusal.key and sources.get(refusal.key),
            object=str(refusal.key or ""),
            hint=refusal.hint,
        )
    for chapter in groups.chapters(plan, apart=True):
        for group in chapter.groups:
            yield _of_change(group.first)
            yield from map(of_diagnostic, group.first.warnings)


def of_report(report: PlanReport) -> Iterator[Finding]:
    """The findings of one plan after the other."""
    for headed in report.plans:
        yield from of_plan(headed.plan)


def of_drift(report: DriftReport) -> Iterator[Finding]:
    """What drifted and is in no baseline, then the changes to come."""
    for entry in drift_words.drifted(report):
        level = Level.WARNING if entry.item.kinds & report.fail_on else Level.NOTE
        yield _of_drift(entry, level, f"drift-{entry.item.state.value}")
    if DriftKind.UNMANAGED in report.fail_on:
        for entry in drift_words.in_state(report, ObjectState.UNMANAGED):
            yield _of_drift(entry, Level.WARNING, "drift-unmanaged")
    for entry in drift_words.pending(report):
        yield _of_drift(entry, Level.NOTE, "pending")


def of_drifts(drifts: Drifts) -> Iterator[Finding]:
    """The findings of one check after the other."""
    for headed in drifts.checks:
        yield from of_drift(headed.report)


def of_check(checked: Checked) -> Iterator[Finding]:
    """The diagnostics of manifests."""
    yield from map(of_diagnostic, checked.diagnostics)


def of_diagnostic(item: Diagnostic) -> Finding:
    """A problem of a manifest, or of an object beside the store."""
    return Finding(
        level=Level.ERROR if item.severity is Severity.ERROR else Level.WARNING,
        code=item.code,
        message=item.message,
        source=item.source,
        object=item.object,
        field=item.field,
        hint=item.hint,
    )


def _of_change(change: Change) -> Finding:
    harmless = risk_of(change) in {Risk.WARNING, Risk.ORDINARY}
    fields = map(_field_text, change_words.change_rows(change))
    told = [*change_words.removal_texts(change), *(note.message for note in change.notes)]
    return Finding(
        level=Level.NOTE if harmless else Level.WARNING,
        code=f"plan-{change.action}",
        message="; ".join([change_words.reasons_text(change), *fields, *told]),
        source=change.source,
        object=str(change.key),
    )


def _of_drift(entry: drift_words.Finding, level: Level, code: str) -> Finding:
    fields = map(_field_text, entry.rows)
    return Finding(
        level=level,
        code=code,
        message="; ".join([entry.words, *fields]),
        source=entry.item.source,
        object=str(entry.item.key),
    )


def _field_text(row: Row) -> str:
    return " ".join([row.symbol, row.name, *row.text.split()])
