"""Reports for GitLab's merge requests: counts of a plan, and findings as code quality.

Sources: "Terraform/OpenTofu integration with merge requests" (``create``, ``update``, ``delete``
and no other field) and "Code Quality", "Import results from external tools": description,
check_name, fingerprint, severity, and a location whose path is relative and begins without ``./``.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping

import orjson

from reconciler.escapes import json_text
from reconciler.model.drift import DriftReport
from reconciler.model.plans import Action, Plan
from reconciler.views import findings
from reconciler.views.findings import Finding, Level
from reconciler.views.formats import Checked, Drifts, PlanReport, Style
from reconciler.views.json.parts import Document, serialised

_SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "major", Level.NOTE: "info"}


def styled_counts(plan: Plan, style: Style) -> str:
    """The counts of a plan; a replace is a create and a delete, for want of a field."""
    del style
    return _counts_text(plan.counts)


def styled_report_counts(report: PlanReport, style: Style) -> str:
    """The counts of all plans together."""
    del style
    counts: Counter[Action] = Counter()
    for headed in report.plans:
        counts.update(headed.plan.counts)
    return _counts_text(counts)


def styled_report(report: PlanReport, style: Style) -> str:
    """The findings of all plans as code quality."""
    del style
    return quality(findings.of_report(report))


def _counts_text(counts: Mapping[Action, int]) -> str:
    replaced = counts.get(Action.REPLACE, 0)
    return serialised(
        {
            "create": counts.get(Action.CREATE, 0) + replaced,
            "update": counts.get(Action.UPDATE, 0),
            "delete": counts.get(Action.DELETE, 0) + replaced,
        },
        indented=False,
    )


def styled_plan(plan: Plan, style: Style) -> str:
    """The findings of a plan as code quality."""
    del style
    return quality(findings.of_plan(plan))


def styled_drift(report: DriftReport, style: Style) -> str:
    """The findings of a drift check as code quality."""
    del style
    return quality(findings.of_drift(report))


def styled_drifts(drifts: Drifts, style: Style) -> str:
    """The findings of all drift checks as code quality."""
    del style
    return quality(findings.of_drifts(drifts))


def styled_check(checked: Checked, style: Style) -> str:
    """The findings of a check of manifests as code quality."""
    del style
    return quality(findings.of_check(checked))


def quality(results: Iterable[Finding]) -> str:
    """A list with an entry for each finding; what has no manifest has the object for a path."""
    seen: Counter[str] = Counter()
    entries = []
    for finding in results:
        identity = _identity(finding)
        seen[identity] += 1
        entries.append(_entry(finding, f"{identity}-{seen[identity]}"))
    return json_text(orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode())


def _entry(finding: Finding, fingerprint: str) -> Document:
    about = " ".join(filter(None, (finding.object, finding.field)))
    hint = f" ({finding.hint})" if finding.hint else ""
    place = finding.object or "reconciler"
    line = 1
    if finding.source is not None and finding.source.file:
        place, line = posixpath.normpath(finding.source.file), max(finding.source.line, 1)
    text = f"{about}: {finding.message}{hint}" if about else f"{finding.message}{hint}"
    return {
        "description": _encodable(text),
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.level],
        "location": {"path": _encodable(place), "lines": {"begin": line}},
    }


def _identity(finding: Finding) -> str:
    """What stays the same when lines are inserted above."""
    file = finding.source.file if finding.source else ""
    parts = (finding.code, file, finding.object, finding.field)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _encodable(text: str) -> str:
    """`text` without lone surrogates, as which file names that are not UTF-8 come."""
    return text.encode("utf-8", "replace").decode()
