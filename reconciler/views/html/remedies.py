"""The ways to settle drift, as HTML."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from reconciler.model.drift import DriftReport
from reconciler.model.remedies import Remedy, RemedyStep
from reconciler.views import drift_groups, drift_words
from reconciler.views.html.elements import NOTHING, Markup, element, lines
from reconciler.views.html.page import section


def remedies(report: DriftReport, level: int) -> Markup:
    """What settles all drift at once, then that of objects, many that are alike as one."""
    blocks = []
    if report.remedies.of_all:
        heading = element(f"h{level + 1}", "For all of it")
        blocks.append(lines(heading, _ways(report.remedies.of_all)))
    for group in drift_groups.alike(drift_words.drifted(report)):
        each = report.remedies.of_objects.get(group[0].item.key, ())
        if each:
            blocks.append(of_kind(drift_groups.all_of(group), each))
    return section("What now", *blocks, level=level) if blocks else NOTHING


def of_kind(about: str, ways: Iterable[Remedy]) -> Markup:
    """What settles the drift that `about` names."""
    summary = element("summary", f"For {about}")
    return element("details", lines(summary, _ways(ways)), class_="remedy")


def _ways(ways: Iterable[Remedy]) -> Markup:
    items = [
        lines(element("dt", remedy.way.value), element("dd", lines(*map(_step, remedy.steps))))
        for remedy in ways
    ]
    return element("dl", lines(*items), class_="ways")


def _step(step: RemedyStep) -> Markup:
    return element("code", shlex.join(step.command)) if step.command else element("p", step.edit)
