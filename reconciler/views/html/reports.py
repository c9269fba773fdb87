"""What became of what was applied, as HTML."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.drift import DriftReport, ObjectState
from reconciler.model.fields import DATA
from reconciler.model.remedies import Remedy
from reconciler.views import drift_groups, drift_words, words
from reconciler.views.drift_words import Finding
from reconciler.views.formats import Style
from reconciler.views.groups import FEW
from reconciler.views.html.elements import NOTHING, Markup, element, lines
from reconciler.views.html.entries import Entry, entry, names, sentences
from reconciler.views.html.page import page, section
from reconciler.views.words import counted


def drift(report: DriftReport, style: Style) -> str:
    """Drift first, each object with the fields that drifted; then what is pending; then the rest.

    A verbose `style` lists objects in sync too.
    """
    summary = drift_words.summary_text(report)
    where = words.set_text(report.set_name, report.store, style.heading.configuration)
    last = words.last_text(report.last, style.now).strip()
    return page(
        f"Drift of set {report.set_name}: {summary}",
        summary,
        facts=(
            element("p", where, class_="context"),
            element("p", last, class_="context") if last else NOTHING,
            _counts(report),
        ),
        sections=_sections(report, verbose=style.verbose),
    )


def _counts(report: DriftReport) -> Markup:
    """How many objects are in each state, without those in which none is."""
    items = [
        element("li", element("b", str(number)), f" {state.value}", class_=state.value)
        for state in (*list(ObjectState)[1:], ObjectState.IN_SYNC)
        if (number := report.counts.get(state, 0))
    ]
    return element("ul", lines(*items), class_="counts") if items else NOTHING


def _sections(report: DriftReport, *, verbose: bool) -> Iterator[Markup]:
    drifted, pending = drift_words.drifted(report), drift_words.pending(report)
    unmanaged = drift_words.in_state(report, ObjectState.UNMANAGED)
    is_open = len(drifted) + len(pending) <= FEW
    for heading, findings in (
        ("Drift", drifted),
        (drift_words.PENDING_HEADING, pending),
        (drift_words.UNMANAGED_HEADING, unmanaged),
        (drift_words.ACCEPTED_HEADING, drift_words.accepted(report)),
    ):
        if findings:
            yield section(heading, *_entries(findings, is_open=is_open))
    if report.notices:
        yield section("Notes", sentences([note.message for note in report.notices], "notes"))
    ways = [*_ways("all of it", report.remedies.of_all)]
    for group in drift_groups.alike(drifted):
        key = group[0].item.key
        ways += _ways(words.object_text(key), report.remedies.of_objects.get(key, ()))
    if ways:
        yield section("What now", sentences(ways, "ways"))
    in_sync = [item.key for item in report.objects if item.state is ObjectState.IN_SYNC]
    if verbose and in_sync:
        yield section(f"In sync: {counted(len(in_sync), 'object')}", names(in_sync))


def _ways(name: str, remedies: Iterable[Remedy]) -> Iterator[str]:
    """The ways to settle the drift of what is called `name`, a sentence for each."""
    for remedy in remedies:
        steps = (shlex.join(step.command) if step.command else step.edit for step in remedy.steps)
        yield f"{remedy.way} {name}: {'; then '.join(steps)}"


def _entries(findings: Sequence[Finding], *, is_open: bool) -> list[Markup]:
    return [entry(_entry(finding), is_open=is_open) for finding in findings]


def _entry(finding: Finding) -> Entry:
    word, _, remark = finding.words.partition(": ")
    shown = {row.name for row in finding.rows}
    keys = [
        field.path[1]
        for field in finding.item.fields
        if field.path[0] == DATA and words.field_text(field.path) in shown
    ]
    return Entry(
        objects=[finding.item.key],
        symbol=finding.symbol,
        word=word,
        remark=remark,
        source=finding.item.source,
        rows=finding.rows,
        data_keys=keys,
        state=word,
    )
