"""Plans as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.escapes import escaped, inert
from reconciler.model.plans import Action, Note, Plan, Refusal
from reconciler.views import change_words, groups, plan_words, words
from reconciler.views.groups import Group
from reconciler.views.heading import NO_HEADING, Heading
from reconciler.views.text.palette import Palette, headline, hint_line, indented, note_line
from reconciler.views.text.problems import diagnostic_line
from reconciler.views.words import counted

_MOST_NOTICES = 5
_NAMES_WIDTH = 74  # with the indentation, a line of a terminal


def plan(
    plan: Plan,
    *,
    colour: bool,
    verbose: bool = False,
    heading: Heading = NO_HEADING,
) -> str:
    """The whole plan, the greatest risk first; many changes that are alike are shown as one.

    With `verbose`, each change stands for itself, and objects in sync and the order of the steps
    are shown too.
    """
    palette = Palette(colour)
    blocks = [plan_words.context_text(plan, heading)]
    for chapter in groups.chapters(plan, apart=verbose):
        blocks += [palette.paint(chapter.heading, "strong")] if chapter.heading else []
        blocks += [_group(group, palette) for group in chapter.groups]
    if verbose:
        in_sync = [change for change in plan.changes if change.action is Action.NO_OP]
        blocks += [_group(Group((change,)), palette) for change in in_sync]
    if verbose and plan.steps:
        blocks.append(_order(plan))
    if plan.problems:
        blocks.append("\n".join(diagnostic_line(problem, palette) for problem in plan.problems))
    blocks += [_refusal(refusal, palette) for refusal in plan.refusals]
    if plan.notices:
        shown = plan.notices if verbose else _first_of_each(plan.notices)
        blocks.append("\n".join(note_line(notice.message, palette) for notice in shown))
    blocks.append(_closing(plan, palette, verbose=verbose))
    return "\n\n".join(map(inert, blocks))


def total(plans: Sequence[Plan], *, colour: bool) -> str:
    """The summary over several plans."""
    return Palette(colour).paint(plan_words.total_text(plans), "strong")


def _group(group: Group, palette: Palette) -> str:
    change = group.first
    symbol, remark = words.ACTION_SYMBOLS[change.action], change_words.reasons_text(change)
    header = headline(palette, symbol, change.key, remark, change.source)
    lines = indented(groups.field_rows(group), palette)
    if group.many:
        title = palette.paint(groups.title(group), "strong")
        header = f"{palette.paint(symbol, symbol)} {title} ({remark})"
        lines += [f"      {line}" for line in groups.name_lines(group, _NAMES_WIDTH)]
    notes = [f"    {note_line(text, palette)}" for text in change_words.remark_texts(change)]
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
    summary = plan_words.summary_text(plan)
    hidden = sum(len(change.kept) for change in plan.changes if change.action is Action.NO_OP)
    if hidden and not verbose:
        summary += f" (They keep {counted(hidden, 'field')} of others: see --verbose.)"
    lines = [palette.paint(summary, "strong")]
    drift, obstacles = plan_words.drift_text(plan), plan_words.obstacles_text(plan)
    if drift:
        lines.append(palette.paint(drift, "warning"))
    if obstacles:
        lines.append(palette.paint(obstacles, "bad"))
    return "\n".join(lines)
