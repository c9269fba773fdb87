"""Plans, diagnostics and events as text for terminals and logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from reconciler.errors import ReconcilerError, StalePlan
from reconciler.model.events import (
    PAST_TENSE,
    ApplyEnded,
    Event,
    Outcome,
    StepEnded,
    StepRetried,
    StepStarted,
)
from reconciler.model.objects import Diagnostic, Severity
from reconciler.model.plans import Action, Change, Plan, Refusal
from reconciler.views import words
from reconciler.views.words import counted, escaped

_STYLES: dict[str, dict[str, Any]] = {
    "+": {"fg": "green"},
    "~": {"fg": "yellow"},
    "-/+": {"fg": "magenta"},
    "-": {"fg": "red"},
    "=": {"dim": True},
    "!": {"fg": "yellow"},
    "bad": {"fg": "red", "bold": True},
    "good": {"fg": "green"},
    "warning": {"fg": "yellow", "bold": True},
    "strong": {"bold": True},
    "faint": {"dim": True},
}
_PRESENT_TENSE = {
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.REPLACE: "replacing",
    Action.DELETE: "deleting",
}


@dataclass(frozen=True, slots=True)
class _Palette:
    """Paints only where `colour` is wanted. Text is escaped before it is painted."""

    colour: bool

    def paint(self, text: str, style: str) -> str:
        return click.style(text, **_STYLES[style]) if self.colour else text


def plan(plan: Plan, *, colour: bool, verbose: bool = False) -> str:
    """The whole plan, each changed object with its fields, in the order of the apply.

    With `verbose`, objects in sync and the order of the steps too.
    """
    palette = _Palette(colour)
    changes = words.changes_in_order(plan)
    if verbose:
        changes += [change for change in plan.changes if change.action is Action.NO_OP]
    blocks = [words.context_text(plan)]
    blocks += [_change(change, palette) for change in changes]
    if verbose and plan.steps:
        blocks.append(_order(plan))
    if plan.problems:
        blocks.append("\n".join(_diagnostic(problem, palette) for problem in plan.problems))
    blocks += [_refusal(refusal, palette) for refusal in plan.refusals]
    if plan.notices:
        blocks.append("\n".join(_note(notice.message, palette) for notice in plan.notices))
    blocks.append(_closing(plan, palette, verbose=verbose))
    return "\n\n".join(blocks)


def diagnostics(
    diagnostics: Sequence[Diagnostic], *, objects: int, files: int, colour: bool
) -> str:
    """A line for each diagnostic, hints indented below, and the count of all at the end.

    `objects` and `files` say how many were looked at.
    """
    palette = _Palette(colour)
    where = f"in {counted(objects, 'object')} of {counted(files, 'file')}"
    if not diagnostics:
        return f"No problems {where}."
    errors = sum(item.severity is Severity.ERROR for item in diagnostics)
    warnings = len(diagnostics) - errors
    found = [
        counted(number, noun)
        for number, noun in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    lines = [_diagnostic(item, palette) for item in diagnostics]
    return "\n".join([*lines, palette.paint(f"{', '.join(found)} {where}.", "strong")])


def event(event: Event, *, colour: bool) -> str:
    """One line for one event; for the last one, the summary of the apply."""
    palette = _Palette(colour)
    match event:
        case StepStarted(step):
            name = words.object_text(step.key)
            return palette.paint(
                f"{_PRESENT_TENSE[step.action]} {name} (wave {step.wave})", "faint"
            )
        case StepRetried(step, attempt, delay, message):
            name = f"{step.action.value} {words.object_text(step.key)}"
            return palette.paint(
                f"retrying to {name} in {delay:.1f} s (retry {attempt}): {escaped(message)}",
                "!",
            )
        case StepEnded():
            return _step_ended(event, palette)
        case ApplyEnded():
            return _apply_ended(event, palette)


def error(error: ReconcilerError, *, colour: bool) -> str:
    """What ended a command: the message, what moved where the plan is stale, and the hint."""
    palette = _Palette(colour)
    lines = [f"{palette.paint('Error:', 'bad')} {escaped(error.message)}"]
    if isinstance(error, StalePlan) and error.moved:
        lines.append("Moved since the plan was made:")
        lines += [f"  ~ {escaped(line)}" for line in error.moved]
    if error.hint:
        lines.append(_hint(error.hint))
    return "\n".join(lines)


def _change(change: Change, palette: _Palette) -> str:
    symbol = words.ACTION_SYMBOLS[change.action]
    name = words.object_text(change.key)
    header = (
        f"{palette.paint(symbol, symbol)} {palette.paint(name, 'strong')} "
        f"({words.reasons_text(change)})"
    )
    place = words.place_text(change)
    if place:
        header += f"  {palette.paint(place, 'faint')}"
    lines = [
        f"    {palette.paint(line.symbol, line.symbol)} {line.text}"
        for line in words.change_lines(change)
    ]
    notes = [f"    {_note(note.message, palette)}" for note in change.notes]
    return "\n".join([header, *lines, *notes])


def _note(message: str, palette: _Palette) -> str:
    return f"{palette.paint('!', '!')} {escaped(message)}"


def _hint(hint: str) -> str:
    return f"    hint: {escaped(hint)}"


def _order(plan: Plan) -> str:
    lines = ["Order:"]
    for step in plan.steps:
        line = f"  wave {step.wave}  {step.action.value} {words.object_text(step.key)}"
        if step.after:
            line += f", after {', '.join(words.object_text(key) for key in step.after)}"
        lines.append(line)
    return "\n".join(lines)


def _refusal(refusal: Refusal, palette: _Palette) -> str:
    lines = [f"{palette.paint('Refused:', 'bad')} {escaped(refusal.message)}"]
    if refusal.hint:
        lines.append(_hint(refusal.hint))
    return "\n".join(lines)


def _closing(plan: Plan, palette: _Palette, *, verbose: bool) -> str:
    summary = words.summary_text(plan)
    hidden = sum(len(change.kept) for change in plan.changes if change.action is Action.NO_OP)
    if hidden and not verbose:
        summary += f" (They keep {counted(hidden, 'field')} of others: see --verbose.)"
    lines = [palette.paint(summary, "strong")]
    drift, obstacles = words.drift_text(plan), words.obstacles_text(plan)
    if drift:
        lines.append(palette.paint(drift, "warning"))
    if obstacles:
        lines.append(palette.paint(obstacles, "bad"))
    return "\n".join(lines)


def _diagnostic(item: Diagnostic, palette: _Palette) -> str:
    style = "bad" if item.severity is Severity.ERROR else "warning"
    label = palette.paint(f"{item.severity.value}[{escaped(item.code)}]", style)
    about = " ".join(filter(None, (label, escaped(item.object), escaped(item.field))))
    line = f"{words.source_text(item.source)}: {about}: {escaped(item.message)}"
    return f"{line}\n{_hint(item.hint)}" if item.hint else line


def _step_ended(event: StepEnded, palette: _Palette) -> str:
    name = words.object_text(event.key)
    match event.outcome:
        case Outcome.APPLIED:
            done = palette.paint(PAST_TENSE[event.step.action], "good")
            line = f"{done} {name} (wave {event.step.wave})"
        case Outcome.FAILED:
            line = f"{palette.paint('failed', 'bad')} to {event.step.action.value} {name}"
        case Outcome.SKIPPED:
            line = f"{palette.paint('skipped', 'warning')} {name}"
    if event.message:
        line += f": {escaped(event.message)}"
    return f"{line} ({escaped(event.hint)})" if event.hint else line


def _apply_ended(event: ApplyEnded, palette: _Palette) -> str:
    applied = [result.step.action for result in event.results if result.outcome is Outcome.APPLIED]
    done = ", ".join(
        f"{applied.count(action)} {word}"
        for action, word in PAST_TENSE.items()
        if action in applied
    )
    parts = [f"Applied: {done or 'nothing'}."]
    parts += [
        f"{outcome.value.capitalize()}: {event.count(outcome)}."
        for outcome in (Outcome.FAILED, Outcome.SKIPPED)
        if event.count(outcome)
    ]
    if event.interrupted:
        parts.append("Interrupted: steps in flight were finished, the others not begun.")
    is_whole = len(applied) == len(event.results) and not event.interrupted
    return palette.paint(" ".join(parts), "good" if is_whole else "bad")
