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
from reconciler.views import findings
from reconciler.views.findings import Finding, Level
from reconciler.views.formats import Checked, Style

_FORBIDDEN = re.compile("[\ufffe\uffff]")  # XML 1.0, section 2.2; the other ones are escaped


def styled_drift(report: DriftReport, style: Style) -> str:
    """A case for each object; what drifted is a failure, a change to come is not."""
    del style
    failing = [one for one in findings.of_drift(report) if one.level is not Level.NOTE]
    return cases("drift", [str(one.key) for one in report.objects], failing)


def styled_check(checked: Checked, style: Style) -> str:
    """A case for each object, and for what belongs to none; only errors are failures."""
    del style
    names = [one.label for one in checked.objects]
    failing = [one for one in findings.of_check(checked) if one.level is Level.ERROR]
    return cases("validate", names, failing)


def cases(suite: str, names: Iterable[str], failing: Iterable[Finding]) -> str:
    """A suite with a case for each of `names`, and for each other object of a failure."""
    failures: dict[str, list[Finding]] = defaultdict(list)
    for finding in failing:
        failures[finding.object or _place(finding)].append(finding)
    every = [*dict.fromkeys([*names, *failures])]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(
        f'<testsuite name="reconciler {suite}" tests="{len(every)}" failures="{len(failures)}">'
    )
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
