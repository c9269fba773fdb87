"""Drift and checks of manifests as JUnit XML, a case for each object.

Source: the format as Jenkins, GitLab and GitHub's actions read it: ``testsuite``, ``testcase``,
``failure``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from reconciler.escapes import escaped, inert
from reconciler.model.drift import DriftReport
from reconciler.views import drift_words, findings
from reconciler.views.findings import Finding, Level
from reconciler.views.formats import Checked, Drifts, Style

_HEADER = '<?xml version="1.0" encoding="UTF-8"?>'
_FORBIDDEN = re.compile("[\ufffe\uffff]")  # XML 1.0, section 2.2; the other ones are escaped


def styled_drift(report: DriftReport, style: Style) -> str:
    """A case for each object; what drifted is a failure, a change to come is not."""
    del style
    return "\n".join([_HEADER, _drift(report, "")])


def styled_drifts(drifts: Drifts, style: Style) -> str:
    """A suite for each check, which is named after its set and store."""
    del style
    suites = [
        _drift(headed.report, f" of {drift_words.title_text(headed.report)}")
        for headed in drifts.checks
    ]
    return "\n".join([_HEADER, '<testsuites name="reconciler">', *suites, "</testsuites>"])


def styled_check(checked: Checked, style: Style) -> str:
    """A case for each object, and for what belongs to none; only errors are failures."""
    del style
    names = [desired.label for desired in checked.objects]
    failing = [finding for finding in findings.of_check(checked) if finding.level is Level.ERROR]
    return "\n".join([_HEADER, _suite("validate", "", names, failing)])


def _drift(report: DriftReport, of_what: str) -> str:
    failing = [finding for finding in findings.of_drift(report) if finding.level is not Level.NOTE]
    return _suite("drift", of_what, [str(each.key) for each in report.objects], failing)


def _suite(suite: str, of_what: str, names: Iterable[str], failing: Iterable[Finding]) -> str:
    """A suite with a case for each of `names`, and for each other object of a failure."""
    failures: dict[str, list[Finding]] = defaultdict(list)
    for finding in failing:
        failures[finding.object or _place(finding)].append(finding)
    every = [*dict.fromkeys([*names, *failures])]
    title = _attribute(f"reconciler {suite}{of_what}")
    lines = [f'<testsuite name={title} tests="{len(every)}" failures="{len(failures)}">']
    for name in every:
        opening = f'  <testcase classname="{suite}" name={_attribute(name)}'
        if name not in failures:
            lines.append(f"{opening}/>")
            continue
        lines.append(f"{opening}>")
        lines += [_failure(finding) for finding in failures[name]]
        lines.append("  </testcase>")
    return inert("\n".join([*lines, "</testsuite>"]))


def _failure(finding: Finding) -> str:
    about = f"{finding.field}: " if finding.field else ""
    hint = f" ({finding.hint})" if finding.hint else ""
    text = escape(_visible(f"{_place(finding)} {about}{finding.message}{hint}".strip()))
    return f"    <failure type={_attribute(finding.code)}>{text}</failure>"


def _place(finding: Finding) -> str:
    return str(finding.source) if finding.source and finding.source.file else ""


def _attribute(text: str) -> str:
    return quoteattr(_visible(text))


def _visible(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", escaped(text))
