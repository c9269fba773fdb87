"""What became of what was applied, as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model.drift import DriftReport, ObjectState
from reconciler.model.fields import DATA
from reconciler.views import drift_groups, drift_words, plan_words, words
from reconciler.views.formats import Drifts, Style, Subject
from reconciler.views.groups import FEW
from reconciler.views.heading import HeadedDrift, Heading
from reconciler.views.html.elements import NOTHING, Markup, element, lines
from reconciler.views.html.entries import Entry, context, entry, names, sentences
from reconciler.views.html.environments import overview
from reconciler.views.html.page import page, section
from reconciler.views.html.remedies import remedies
from reconciler.views.overview import FEW as MOST_APART
from reconciler.views.overview import overview_of
from reconciler.views.words import counted


def drift(report: DriftReport, style: Style) -> str:
    """Drift first, objects with the same drift as one; then what is pending; then the rest.

    A verbose `style` lists objects in sync too, and each object by itself. For a larger page, there
    is nothing around it.
    """
    summary = drift_words.summary_text(report)
    headed = HeadedDrift(report, style.heading.configuration)
    if style.is_part:
        inside = _sections(report, verbose=style.verbose, level=3)
        return lines(element("p", summary), *_facts(headed, style), *inside).source
    return page(
        f"Drift of set {report.set_name}: {summary}",
        summary,
        facts=_facts(headed, style),
        sections=_sections(report, verbose=style.verbose, level=2),
    )


def drifts(drifts: Drifts, style: Style) -> str:
    """One report as by itself; several under a heading each, or many at a glance; and a summary."""
    if len(drifts.checks) == 1:
        (only,) = drifts.checks
        return drift(only.report, replace(style, heading=Heading(only.configuration)))
    total = drift_words.total_text([headed.report for headed in drifts.checks])
    sections = [
        section(
            f"{drift_words.title_text(headed.report)}: {drift_words.summary_text(headed.report)}",
            *_facts(headed, style),
            *_sections(headed.report, verbose=style.verbose, level=3),
        )
        for headed in drifts.checks
    ]
    if len(drifts.checks) > MOST_APART:
        inside = sections if style.verbose else []
        return overview(overview_of(drifts.checks), Subject.DRIFT, total, inside)
    return page(total, total, facts=(), sections=sections)


def _facts(headed: HeadedDrift, style: Style) -> list[Markup]:
    """What stands above the objects of a report."""
    report = headed.report
    where = plan_words.set_text(report.set_name, report.store, headed.configuration)
    last = plan_words.last_text(report.last, style.now).strip()
    return [
        context(where),
        element("p", last, class_="context") if last else NOTHING,
        _counts(report),
    ]


def _counts(report: DriftReport) -> Markup:
    """How many objects are in each state, without those in which none is; as the heading counts."""
    counts = {**report.counts, ObjectState.PENDING: sum(item.pending for item in report.objects)}
    items = [
        element("li", element("b", str(number)), f" {state.value}", class_=state.value)
        for state in (*list(ObjectState)[1:], ObjectState.IN_SYNC)
        if (number := counts.get(state, 0))
    ]
    return element("ul", lines(*items), class_="counts") if items else NOTHING


def _sections(report: DriftReport, *, verbose: bool, level: int) -> Iterator[Markup]:
    drifted, pending = drift_words.drifted(report), drift_words.pending(report)
    unmanaged = drift_words.in_state(report, ObjectState.UNMANAGED)
    is_open = len(drifted) + len(pending) <= FEW
    for heading, findings in (
        ("Drift", drifted),
        (drift_words.PENDING_HEADING, pending),
        (drift_words.UNMANAGED_HEADING, unmanaged),
        (drift_words.ACCEPTED_HEADING, drift_words.accepted(report)),
    ):
        groups = [(each,) for each in findings] if verbose else drift_groups.alike(findings)
        shown = [entry(_entry(group), is_open=is_open) for group in groups]
        if shown:
            yield section(heading, *shown, level=level)
    if report.notices:
        told = sentences([note.message for note in report.notices], "notes")
        yield section("Notes", told, level=level)
    yield remedies(report, level)
    in_sync = [item.key for item in report.objects if item.state is ObjectState.IN_SYNC]
    if verbose and in_sync:
        yield section(f"In sync: {counted(len(in_sync), 'object')}", names(in_sync), level=level)


def _entry(group: drift_groups.Alike) -> Entry:
    finding = group[0]
    word, _, remark = finding.words.partition(": ")
    shown = {row.name for row in finding.rows}
    keys = [
        field.path[1]
        for field in finding.item.fields
        if field.path[0] == DATA and words.field_text(field.path) in shown
    ]
    return Entry(
        objects=[each.item.key for each in group],
        title=drift_groups.title(group) if len(group) > 1 else "",
        symbol=finding.symbol,
        word=word,
        remark=remark,
        source=finding.item.source if len(group) == 1 else None,
        rows=finding.rows,
        data_keys=keys,
        state=word,
    )
