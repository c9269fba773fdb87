"""Plans as HTML."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.fields import DATA
from reconciler.model.objects import Diagnostic
from reconciler.model.plans import Action, Plan, Refusal
from reconciler.planning.risks import risk_of
from reconciler.views import change_words, groups, plan_words, words
from reconciler.views.formats import PlanReport, Style, Subject
from reconciler.views.groups import Group
from reconciler.views.heading import NO_HEADING, HeadedPlan, Heading
from reconciler.views.html.elements import NOTHING, Markup, element, joined, lines
from reconciler.views.html.entries import Entry, context, entry, names, sentences
from reconciler.views.html.environments import overview
from reconciler.views.html.page import page, section
from reconciler.views.overview import FEW, overview_of
from reconciler.views.words import counted


def plan(plan: Plan, heading: Heading = NO_HEADING, *, verbose: bool = False) -> str:
    """The whole plan, the greatest risk first; many changes that are alike are one entry.

    With `verbose`, each change stands for itself, and objects in sync and the order of the steps
    are shown too.
    """
    summary = plan_words.summary_text(plan)
    return page(
        f"Plan of set {plan.options.set_name}: {summary}",
        summary,
        facts=_facts(HeadedPlan(plan, heading), level=2),
        sections=_sections(plan, verbose=verbose, level=2),
    )


def report(report: PlanReport, style: Style) -> str:
    """One plan as by itself; several under a heading each, or many at a glance; and a summary."""
    if len(report.plans) == 1:
        (only,) = report.plans
        return plan(only.plan, only.heading, verbose=style.verbose)
    total = plan_words.total_text([headed.plan for headed in report.plans])
    sections = [
        section(
            ": ".join(plan_words.title_texts(headed.plan)),
            *_facts(headed, level=3),
            *_sections(headed.plan, verbose=style.verbose, level=3),
        )
        for headed in report.plans
    ]
    if len(report.plans) > FEW:
        inside = sections if style.verbose else []
        return overview(overview_of(report.plans), Subject.PLAN, total, inside)
    return page(total, total, facts=(), sections=sections)


def styled_plan(shown: Plan, style: Style) -> str:
    """The plan, headed as `style` says; for a larger page, without what is around it."""
    if style.is_part:
        headed = HeadedPlan(shown, style.heading)
        title = element("p", plan_words.summary_text(shown))
        inside = _sections(shown, verbose=style.verbose, level=3)
        return lines(title, *_facts(headed, level=3), *inside).source
    return plan(shown, style.heading, verbose=style.verbose)


def _facts(headed: HeadedPlan, *, level: int) -> list[Markup]:
    """What stands above the changes of a plan."""
    return [
        context(plan_words.context_text(headed.plan, headed.heading)),
        _counts(headed.plan),
        _drift(headed.plan),
        _obstacles(headed.plan, level),
    ]


def _counts(plan: Plan) -> Markup:
    """How many objects each action touches, without those that touch none."""
    items = [
        element(
            "li", element("b", str(number)), f" {words.ACTION_WORDS[action]}", class_=action.value
        )
        for action in (*list(Action)[1:], Action.NO_OP)
        if (number := plan.counts.get(action, 0))
    ]
    return element("ul", lines(*items), class_="counts") if items else NOTHING


def _drift(plan: Plan) -> Markup:
    text = plan_words.drift_text(plan)
    return element("p", text, class_="banner caution") if text else NOTHING


def _obstacles(plan: Plan, level: int) -> Markup:
    """Why the plan cannot be applied; nothing where it can."""
    if not (plan.refusals or plan.problems):
        return NOTHING
    items = [*map(_refusal, plan.refusals), *map(_problem, plan.problems)]
    return element(
        "section",
        element(f"h{level}", plan_words.obstacles_text(plan)),
        element("ul", lines(*items)),
        class_="banner refused",
    )


def _refusal(refusal: Refusal) -> Markup:
    return element("li", element("b", "Refused: "), refusal.message, _hint(refusal.hint))


def _problem(problem: Diagnostic) -> Markup:
    about = " ".join(filter(None, (problem.object, problem.field)))
    return element(
        "li",
        element("b", f"{problem.severity.value}[{problem.code}] "),
        element("code", words.source_text(problem.source)),
        f" {about}: {problem.message}" if about else f": {problem.message}",
        _hint(problem.hint),
    )


def _hint(hint: str) -> Markup:
    return element("span", f"Hint: {hint}", class_="hint") if hint else NOTHING


def _sections(plan: Plan, *, verbose: bool, level: int) -> Iterator[Markup]:
    for chapter in groups.chapters(plan, apart=verbose):
        shown = [entry(_entry(group), is_open=chapter.is_open) for group in chapter.groups]
        yield section(chapter.heading or "Changes", *shown, level=level)
    keepers = [change for change in plan.changes if change.action is Action.NO_OP and change.kept]
    if keepers:
        shown = [entry(_entry(Group((change,))), is_open=False) for change in keepers]
        yield section("In sync, with fields of others that stay", *shown, level=level)
    if plan.notices:
        told = sentences([note.message for note in plan.notices], "notes")
        yield section("Notes", told, level=level)
    if verbose:
        yield from _more(plan, level)


def _entry(group: Group) -> Entry:
    change = group.first
    removed = change.removal.keys if change.removal else ()
    fields = [field.path[1] for field in change.fields if field.path[0] == DATA]
    return Entry(
        objects=[change.key for change in group.changes],
        title=groups.title(group) if group.many else "",
        symbol=words.ACTION_SYMBOLS[change.action],
        word=words.ACTION_WORDS[change.action],
        remark=change_words.why_text(change),
        gist="" if group.many else groups.gist(change),
        source=None if group.many else change.source,
        rows=groups.field_rows(group),
        warnings=[change_words.warning_text(warning) for warning in change.warnings],
        notes=change_words.note_texts(change),
        data_keys=[*fields, *removed],
        action=words.ACTION_WORDS[change.action],
        risk=groups.RISK_WORDS[risk_of(change)] if change.action is not Action.NO_OP else "",
    )


def _more(plan: Plan, level: int) -> Iterator[Markup]:
    """The order of the steps, and the objects in sync."""
    if plan.steps:
        steps = [
            joined(f"wave {step.wave}: {step.action.value} ", words.object_text(step.key))
            for step in plan.steps
        ]
        told = element("ul", lines(*(element("li", step) for step in steps)))
        yield section("Order", told, level=level)
    in_sync = [change.key for change in plan.changes if change.action is Action.NO_OP]
    if in_sync:
        heading = f"In sync: {counted(len(in_sync), 'object')}"
        yield section(heading, names(in_sync), level=level)
