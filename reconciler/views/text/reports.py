"""What became of what was applied, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.escapes import inert
from reconciler.model.drift import DriftReport, ObjectState
from reconciler.views import drift_groups, drift_words, plan_words
from reconciler.views.drift_words import Finding
from reconciler.views.text.palette import Palette, headline, indented, note_line
from reconciler.views.text.remedies import remedies


def drift(
    report: DriftReport,
    *,
    colour: bool,
    verbose: bool = False,
    configuration: str = "",
    now: datetime | None = None,
) -> str:
    """Drift first, each object with the fields that drifted; then what is pending; then the rest.

    Many objects with the same drift are shown as one. With `verbose`, objects in sync, and those
    in a baseline, are listed too. The same report gives the same text, but for how
    long before `now` the last run was.
    """
    palette = Palette(colour)
    blocks = [plan_words.set_text(report.set_name, report.store, configuration)]
    blocks[0] += plan_words.last_text(report.last, now)
    blocks += _findings(drift_words.drifted(report), palette, whole=verbose)
    pending = drift_words.pending(report)
    if pending:
        blocks.append(drift_words.PENDING_HEADING)
        blocks += _findings(pending, palette, whole=verbose)
    unmanaged = drift_words.in_state(report, ObjectState.UNMANAGED)
    if unmanaged:
        blocks.append(drift_words.UNMANAGED_HEADING)
        blocks.append("\n".join(_finding(finding, palette) for finding in unmanaged))
    accepted = drift_words.accepted(report)
    if verbose and accepted:
        blocks.append(drift_words.ACCEPTED_HEADING)
        blocks += _findings(accepted, palette, whole=True)
    in_sync = drift_words.in_state(report, ObjectState.IN_SYNC)
    if verbose and in_sync:
        blocks.append("\n".join(_finding(finding, palette) for finding in in_sync))
    if report.notices:
        blocks.append("\n".join(note_line(notice.message, palette) for notice in report.notices))
    style = "warning" if report.failing else "strong"
    blocks.append(palette.paint(drift_summary(report), style))
    blocks += filter(None, [remedies(report, whole=verbose)])
    return inert("\n\n".join(blocks))


def drift_summary(report: DriftReport) -> str:
    """The last line alone."""
    return drift_words.summary_text(report)


def drifts_total(reports: Sequence[DriftReport], *, colour: bool) -> str:
    """The summary over several checks."""
    return inert(Palette(colour).paint(drift_words.total_text(reports), "strong"))


def _findings(findings: list[Finding], palette: Palette, *, whole: bool) -> Iterator[str]:
    for group in drift_groups.alike(findings):
        if len(group) == 1:
            yield _finding(group[0], palette)
            continue
        symbol, name = group[0].symbol, palette.paint(drift_groups.title(group), "strong")
        header = f"{palette.paint(symbol, symbol)} {name} ({group[0].words})"
        names = [f"    {line}" for line in drift_groups.name_lines(group, whole=whole)]
        yield "\n".join([header, *indented(group[0].rows, palette), *names])


def _finding(finding: Finding, palette: Palette) -> str:
    item = finding.item
    header = headline(palette, finding.symbol, item.key, finding.words, item.source)
    return "\n".join([header, *indented(finding.rows, palette)])
