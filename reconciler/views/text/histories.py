"""The runs of a set, as a table."""

from __future__ import annotations

from datetime import datetime

from reconciler.escapes import escaped, inert
from reconciler.model.history import History, Run, RunOutcome
from reconciler.model.times import date_text
from reconciler.views.text.palette import Palette
from reconciler.views.words import counted

_HEADINGS = ("TIME", "COMMAND", "BY", "COMMIT", "PLAN", "CHANGES", "OUTCOME")
_NOTHING = "-"


def history(history: History, *, colour: bool, configuration: str = "") -> str:
    """A row for each run, the newest first."""
    palette = Palette(colour)
    using = f", configuration {configuration}" if configuration else ""
    blocks = [escaped(f"Set {history.set_name}{using}")]
    if history.runs:
        rows = [_HEADINGS, *(_row(run) for run in history.runs)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_line(row, widths) for row in rows]
        styles = ["strong", *("faint" if _went_well(run) else "warning" for run in history.runs)]
        painted = zip(lines, styles, strict=True)
        blocks.append("\n".join(palette.paint(line, style) for line, style in painted))
    blocks.append(palette.paint(f"{counted(len(history.runs), 'run')}.", "strong"))
    return inert("\n\n".join(blocks))


def _went_well(run: Run) -> bool:
    return run.outcome is RunOutcome.APPLIED


def _row(run: Run) -> tuple[str, ...]:
    changes = [f"{count} {word}" for word, count in run.counts.items()]
    changes += [
        f"{count} {word}"
        for word, count in (("failed", run.failed), ("skipped", run.skipped))
        if count
    ]
    cells = (
        date_text(datetime.fromisoformat(run.time).timestamp()),
        run.command,
        run.actor,
        run.commit,
        run.plan,
        ", ".join(changes),
        run.outcome.words,
    )
    return tuple(escaped(cell) or _NOTHING for cell in cells)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
