"""What became of what was applied, as text."""

from __future__ import annotations

from datetime import datetime

from reconciler.escapes import inert
from reconciler.model.drift import DriftReport, ObjectState
from reconciler.views import drift_words, words
from reconciler.views.drift_words import Finding
from reconciler.views.text.palette import Palette, headline, indented, note_line


def drift(
    report: DriftReport,
    *,
    colour: bool,
    verbose: bool = False,
    configuration: str = "",
    now: datetime | None = None,
) -> str:
    """Drift first, each object with the fields that drifted; then what is pending; then the rest.

    With `verbose`, objects in sync are listed too. The same report gives the same text, but for how
    long before `now` the last run was.
    """
    palette = Palette(colour)
    blocks = [words.set_text(report.set_name, report.store, configuration)]
    blocks[0] += words.last_text(report.last, now)
    blocks += [_finding(finding, palette) for finding in drift_words.drifted(report)]
    pending = drift_words.pending(report)
    if pending:
        blocks.append(drift_words.PENDING_HEADING)
        blocks += [_finding(finding, palette) for finding in pending]
    unmanaged = drift_words.in_state(report, ObjectState.UNMANAGED)
    if unmanaged:
        blocks.append(drift_words.UNMANAGED_HEADING)
        blocks.append("\n".join(_finding(finding, palette) for finding in unmanaged))
    in_sync = drift_words.in_state(report, ObjectState.IN_SYNC)
    if verbose and in_sync:
        blocks.append("\n".join(_finding(finding, palette) for finding in in_sync))
    if report.notices:
        blocks.append("\n".join(note_line(notice.message, palette) for notice in report.notices))
    style = "warning" if report.drifted else "strong"
    blocks.append(palette.paint(drift_summary(report), style))
    ways = drift_words.what_now(report)
    if ways:
        blocks.append("\n".join(["What now:", *(f"  {way:<7}  {text}" for way, text in ways)]))
    return inert("\n\n".join(blocks))


def drift_summary(report: DriftReport) -> str:
    """The last line alone."""
    return drift_words.summary_text(report)


def _finding(finding: Finding, palette: Palette) -> str:
    item = finding.item
    header = headline(palette, finding.symbol, item.key, finding.words, item.source)
    return "\n".join([header, *indented(finding.rows, palette)])
