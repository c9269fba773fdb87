"""Findings as SARIF 2.1.0, for code scanning and editors.

Source: OASIS SARIF 2.1.0, and what GitHub's code scanning asks for beyond it ("SARIF support for
code scanning": every rule with both descriptions and a help text, every result with a region).
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from reconciler.model.drift import DriftReport
from reconciler.model.objects import Diagnostic
from reconciler.model.plans import Note, Plan
from reconciler.version import __version__
from reconciler.views import findings
from reconciler.views.findings import Finding, Level, of_diagnostic
from reconciler.views.formats import Checked, Drifts, PlanReport, Style
from reconciler.views.json.parts import serialised

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "reconcilerDiagnostic/v1"

Document = dict[str, Any]

_BRACKET = re.compile(r"[\\\[\]]")
_PLACEHOLDER = re.compile(r"\{[0-9]+\}")


def diagnostics(
    diagnostics: Sequence[Diagnostic], *, tool_version: str, notices: Sequence[Note] = ()
) -> str:
    """One run with the findings of `diagnostics`; see `findings_text`."""
    results = [*map(of_diagnostic, diagnostics)]
    return findings_text(results, tool_version=tool_version, notices=notices)


def findings_text(
    entries: Sequence[Finding], *, tool_version: str, notices: Sequence[Note] = ()
) -> str:
    """One run with a rule for each code and a result for each finding, in the given order.

    `notices`, on what was left out, are notifications of the run (SARIF 2.1.0, 3.20.21).
    """
    levels = {item.code: item.level for item in entries}
    codes = sorted(levels)
    driver = {
        "name": "reconciler",
        "version": tool_version,
        "rules": [_rule(code, levels[code]) for code in codes],
    }
    seen: Counter[str] = Counter()
    results = []
    for item in entries:
        identity = _identity(item)
        seen[identity] += 1
        results.append(_result(item, codes.index(item.code), f"{identity}:{seen[identity]}"))
    run: Document = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if notices:
        told = [_notification(notice) for notice in notices]
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": told}]
    return log_text([run])


def log_text(runs: Sequence[Document]) -> str:
    """A log of `runs`."""
    return serialised({"$schema": SCHEMA, "version": "2.1.0", "runs": [*runs]})


def styled_check(checked: Checked, style: Style) -> str:
    """What is wrong with manifests, as this version of the program says it."""
    del style
    return diagnostics(checked.diagnostics, tool_version=__version__, notices=checked.notices)


def styled_plan(plan: Plan, style: Style) -> str:
    """The findings of a plan; what no manifest has is placed by its object alone."""
    del style
    results = [*findings.of_plan(plan)]
    return findings_text(results, tool_version=__version__, notices=plan.notices)


def styled_report(report: PlanReport, style: Style) -> str:
    """The findings of all plans."""
    del style
    results = [*findings.of_report(report)]
    notices = [notice for headed in report.plans for notice in headed.plan.notices]
    return findings_text(results, tool_version=__version__, notices=notices)


def styled_drift(report: DriftReport, style: Style) -> str:
    """The findings of a drift check."""
    del style
    results = [*findings.of_drift(report)]
    return findings_text(results, tool_version=__version__, notices=report.notices)


def styled_drifts(drifts: Drifts, style: Style) -> str:
    """The findings of all drift checks."""
    del style
    notices = [notice for headed in drifts.checks for notice in headed.report.notices]
    results = [*findings.of_drifts(drifts)]
    return findings_text(results, tool_version=__version__, notices=notices)


def _notification(notice: Note) -> Document:
    text = _plain(notice.message)
    return {"descriptor": {"id": notice.code}, "level": "note", "message": {"text": text}}


def _rule(code: str, level: Level) -> Document:
    text = code.replace("-", " ").capitalize()
    return {
        "id": code,
        "shortDescription": {"text": text},
        "fullDescription": {"text": f"{text}, in a manifest that reconciler reads."},
        "help": {"text": "The message of each result says where, and what to do."},
        "defaultConfiguration": {"level": level.value},
    }


def _result(item: Finding, rule: int, fingerprint: str) -> Document:
    about = " ".join(filter(None, (item.object, item.field)))
    text = f"{about}: {item.message}" if about else item.message
    location: Document = {}
    if item.source is not None:
        place: Document = {"artifactLocation": {"uri": _uri(item.source.file)}}
        if item.source.line:
            place["region"] = {"startLine": item.source.line, "startColumn": item.source.column}
        location["physicalLocation"] = place
    if item.object:
        location["logicalLocations"] = [{"fullyQualifiedName": item.object, "kind": "resource"}]
    return {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": item.level.value,
        "message": {"text": _plain(f"{text}. {item.hint}" if item.hint else text)},
        "locations": [location] if location else [],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }


def _plain(text: str) -> str:
    """`text` as a plain text message without placeholders or links (SARIF 2.1.0, 3.11.5, 3.11.6).

    It is escaped only where there would be one, as many viewers show escapes as they are.
    """
    if "](" in text:
        text = _BRACKET.sub(r"\\\g<0>", text)
    return text.replace("{", "{{").replace("}", "}}") if _PLACEHOLDER.search(text) else text


def _uri(file: str) -> str:
    """A relative URI reference, percent-encoded (RFC 3986); an absolute path as a ``file`` URI."""
    path = quote(posixpath.normpath(file), errors="surrogateescape")
    return f"file://{path}" if path.startswith("/") else path


def _identity(item: Finding) -> str:
    """What stays the same when lines are inserted above (SARIF 2.1.0, appendix B)."""
    file = item.source.file if item.source else ""
    parts = (item.code, file, item.object, item.field, item.message)
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:32]
