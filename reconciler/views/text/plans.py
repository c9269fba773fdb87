"""Plans as text."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.escapes import escaped, inert
from reconciler.model.plans import Action, Change, Note, Plan, Refusal
from reconciler.views import words
from reconciler.views.heading import NO_HEADING, Heading
from reconciler.views.text.palette import Palette, headline, hint_line, indented, note_line
from reconciler.views.text.problems import diagnostic_line
from reconciler.views.words import counted

_MOST_NOTICES = 5


def plan(
    plan: Plan,
    *,
    colour: bool,
    verbose: bool = False,
    heading: Heading = NO_HEADING,
) -> str:
    """The whole plan, each changed object with its fields, in the order of the apply.

    With `verbose`, objects in sync and the order of the steps too.
    """
    palette = Palette(colour)
    changes = words.changes_in_order(plan)
    if verbose:
        changes += [change for change in plan.changes if change.action is Action.NO_OP]
    blocks = [words.context_text(plan, heading)]
    blocks += [_change(change, palette) for change in changes]
    if verbose and plan.steps:
        blocks.append(_order(plan))
    if plan.problems:
        blocks.append("\n".join(diagnostic_line(problem, palette) for problem in plan.problems))
    blocks += [_refusal(refusal, palette) for refusal in plan.refusals]
    if plan.notices:
        shown = plan.notices if verbose else _first_of_each(plan.notices)
        blocks.append("\n".join(note_line(notice.message, palette) for notice in shown))
    blocks.append(_closing(plan, palette, verbose=verbose))
    return inert("\n\n".join(blocks))


def _change(change: Change, palette: Palette) -> str:
    symbol, remark = words.ACTION_SYMBOLS[change.action], words.reasons_text(change)
    header = headline(palette, symbol, change.key, remark, change.source)
    lines = indented(words.change_lines(change), palette)
    notes = [f"    {note_line(text, palette)}" for text in words.remark_texts(change)]
    return "\n".join([header, *lines, *notes])


def _order(plan: Plan) -> str:
    lines = ["Order:"]
    for step in plan.steps:
        line = f"  wave {step.wave}  {step.action.value} {words.object_text(step.key)}"
        if step.after:
            line += f", after {', '.join(words.object_text(key) for key in step.after)}"
        lines.append(line)
    return "\n".join(lines)


def _first_of_each(notices: Iterable[Note]) -> list[Note]:
    """The notices in the order of their codes; of many with the same code, the first and a count.

    A set may own thousands of objects that left the manifests.
    """
    by_code: dict[str, list[Note]] = {}
    for notice in notices:
        by_code.setdefault(notice.code, []).append(notice)
    shown = []
    for code, same in by_code.items():
        more = len(same) - _MOST_NOTICES
        shown += same[:_MOST_NOTICES]
        shown += [Note(code, f"and {more} more like this: see --verbose")] if more > 0 else []
    return shown


def _refusal(refusal: Refusal, palette: Palette) -> str:
    lines = [f"{palette.paint('Refused:', 'bad')} {escaped(refusal.message)}"]
    if refusal.hint:
        lines.append(hint_line(refusal.hint))
    return "\n".join(lines)


def _closing(plan: Plan, palette: Palette, *, verbose: bool) -> str:
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
