"""Findings as annotations of GitHub Actions, by workflow commands.

Source: "Workflow commands for GitHub Actions": ``::LEVEL file=F,line=L,title=T::MESSAGE``, of which
a step shows ten of each level and silently drops the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.escapes import escaped, inert
from reconciler.model.drift import DriftReport
from reconciler.model.plans import Plan
from reconciler.views import drift_words, findings, plan_words
from reconciler.views.findings import Finding, Level
from reconciler.views.formats import Checked, Drifts, PlanReport, Style
from reconciler.views.words import counted

MOST = 10
"""How many annotations of a level GitHub shows for a step."""

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def styled_plan(plan: Plan, style: Style) -> str:
    """The plan's findings, and its summary."""
    del style
    return commands(findings.of_plan(plan), plan_words.summary_text(plan))


def styled_report(report: PlanReport, style: Style) -> str:
    """The findings of all plans, and the summary over them."""
    del style
    plans = [headed.plan for headed in report.plans]
    return commands(findings.of_report(report), plan_words.total_text(plans))


def styled_drift(report: DriftReport, style: Style) -> str:
    """What drifted, and the summary."""
    del style
    return commands(findings.of_drift(report), drift_words.summary_text(report))


def styled_drifts(drifts: Drifts, style: Style) -> str:
    """What drifted in all checks, and the summary over them."""
    del style
    reports = [headed.report for headed in drifts.checks]
    return commands(findings.of_drifts(drifts), drift_words.total_text(reports))


def styled_check(checked: Checked, style: Style) -> str:
    """What is wrong with manifests."""
    del style
    return commands(findings.of_check(checked), f"{counted(len(checked.objects), 'object')}.")


def commands(results: Iterable[Finding], summary: str) -> str:
    """At most `MOST` commands of each level, in the given order, and a last line in plain text."""
    by_level: dict[Level, list[Finding]] = {level: [] for level in Level}
    for finding in results:
        by_level[finding.level].append(finding)
    lines = [_command(finding) for same in by_level.values() for finding in same[:MOST]]
    more = sum(max(len(same) - MOST, 0) for same in by_level.values())
    tail = f" {counted(more, 'more finding')} not shown as annotations." if more else ""
    return "\n".join([*lines, inert(escaped(f"{summary}{tail}"))])


def _command(finding: Finding) -> str:
    title = " ".join(filter(None, (finding.code, finding.object)))
    properties = {"title": title}
    if finding.source is not None and finding.source.file:
        properties = {"file": finding.source.file, **properties}
        if finding.source.line:
            properties["line"] = str(finding.source.line)
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    about = f"{finding.field}: " if finding.field else ""
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"::{_COMMANDS[finding.level]} {given}::{_data(f'{about}{finding.message}{hint}')}"


def _data(text: str) -> str:
    """`text` on one line, and without any command that GitHub or Azure would find in it."""
    return inert(escaped(text.replace("%", "%25")))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
