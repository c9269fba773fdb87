"""The plan as a whole in words: what it is for, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from reconciler.escapes import escaped
from reconciler.model.history import Run
from reconciler.model.options import Effect
from reconciler.model.plan_options import PLAN_OPTIONS, PlanOptions
from reconciler.model.plans import Action, Plan, Reason, StoreIdentity
from reconciler.model.values import ValueRef
from reconciler.planning.risks import removed_keys
from reconciler.views.heading import NO_HEADING, Heading
from reconciler.views.words import counted, names_text

_SHOWN_EFFECTS = {Effect.SCOPE, Effect.LOOSENS, Effect.TIGHTENS}
_MOST_REMOVED = 5


def context_text(plan: Plan, heading: Heading = NO_HEADING) -> str:
    """What the plan is for, and the options and facts that decide how far to trust it."""
    where = set_text(plan.options.set_name, plan.store, heading.configuration)
    more = (
        options_text(plan.options),
        sealed_text(plan),
        *(escaped(note.message) for note in heading.origin),
    )
    return ", ".join(filter(None, (where, *more)))


def sealed_values(plan: Plan) -> int:
    """How many values of the changes are sealed."""
    return sum(
        isinstance(field.after, ValueRef) and field.after.sealed
        for change in plan.changes
        for field in change.fields
    )


def sealed_text(plan: Plan) -> str:
    """``2 objects sealed: no key at hand opens 3 values that may change``, or nothing."""
    objects, values = sum(change.sealed for change in plan.changes), sealed_values(plan)
    if not objects:
        return ""
    opens = f"no key at hand opens {counted(values, 'value')} that may change"
    return f"{counted(objects, 'object')} sealed" + (f": {opens}" if values else "")


def title_texts(plan: Plan) -> tuple[str, str]:
    """``Set shop, store state/store.db`` and ``3 to create, …; 12 in sync. Removes url.``."""
    where = escaped(f"Set {plan.options.set_name}, store {store_name(plan.store)}")
    counts = plan.counts
    if plan.options.release:
        return where, f"{counts.get(Action.RELEASE, 0)} to release"
    if not plan.pending:
        return where, f"no changes; {counts.get(Action.NO_OP, 0)} in sync"
    return where, f"{_figures_text(counts)}.{_removed_text(plan)}".removesuffix(".")


def set_text(set_name: str, store: StoreIdentity, configuration: str = "") -> str:
    """``Set shop, store state/store.db (sqlite), configuration reconciler.yaml``."""
    where = f"store {store_name(store)} ({store.scheme})"
    if not store.id:
        where += ", nothing applied yet"
    if configuration:
        where += f", configuration {configuration}"
    return escaped(f"Set {set_name}, {where}")


def store_name(store: StoreIdentity) -> str:
    """Where it is, or else which one."""
    return store.location or store.id or "without a name"


def last_text(last: Run | None, now: datetime | None) -> str:
    """A second line: ``Last applied 2026-11-25 09:12:03 UTC (3 days ago) by anna``; or nothing."""
    if last is None:
        return ""
    told = last.told(now)
    return "\n" + escaped(f"{told[0].upper()}{told[1:]}")


def options_text(options: PlanOptions) -> str:
    """``with --prune --target Secret/shop/db``: the options that make this another plan."""
    given = [
        text
        for name, option in PLAN_OPTIONS.items()
        if option.effect in _SHOWN_EFFECTS and getattr(options, name) != option.default
        for text in option.given(getattr(options, name))
    ]
    return escaped(f"with {' '.join(given)}") if given else ""


def summary_text(plan: Plan) -> str:
    """``Plan: 3 to create, …; 12 in sync.`` or ``No changes. 12 objects in sync.``."""
    counts = plan.counts
    in_sync = counts.get(Action.NO_OP, 0)
    if not (plan.pending or plan.problems or plan.refusals):
        return f"No changes. {counted(in_sync, 'object')} in sync."
    if plan.options.release:
        return f"Plan: {counts.get(Action.RELEASE, 0)} to release."
    return f"Plan: {_figures_text(counts)}.{_removed_text(plan)}"


def total_text(plans: Sequence[Plan]) -> str:
    """``3 plans, 2 with changes: 3 to create, …; 12 in sync. 1 plan cannot be applied.``."""
    counts: Counter[Action] = Counter()
    for plan in plans:
        counts.update(plan.counts)
    changing = sum(bool(plan.pending) for plan in plans)
    figures = _figures_text(counts)
    if counts.get(Action.RELEASE):
        figures += f", {counts[Action.RELEASE]} to release"
    blocked = sum(bool(plan.refusals or plan.problems) for plan in plans)
    rest = f" {counted(blocked, 'plan')} cannot be applied." if blocked else ""
    return f"{counted(len(plans), 'plan')}, {changing or 'none'} with changes: {figures}.{rest}"


def _figures_text(counts: Mapping[Action, int]) -> str:
    """``3 to create, 1 to update, 0 to replace, 0 to delete; 12 in sync``."""
    actions = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    figures = ", ".join(f"{counts.get(action, 0)} to {action.value}" for action in actions)
    if counts.get(Action.RESTART):
        figures += f", {counts[Action.RESTART]} to restart"
    return f"{figures}; {counts.get(Action.NO_OP, 0)} in sync"


def _removed_text(plan: Plan) -> str:
    """``Removes url.``: which keys are removed from Secrets that stay."""
    names = dict.fromkeys(name for change in plan.changes for name in removed_keys(change))
    if not names:
        return ""
    more = len(names) - _MOST_REMOVED
    shown = names_text([*names][:_MOST_REMOVED])
    return f" Removes {shown} and {more} more keys." if more > 0 else f" Removes {shown}."


def drift_text(plan: Plan) -> str:
    """How many fields drifted and objects vanished, in one sentence; nothing where none did."""
    drifted = [
        sum(field.drift for field in change.fields)
        for change in plan.changes
        if any(field.drift for field in change.fields)
    ]
    vanished = sum(Reason.VANISHED in change.reasons for change in plan.changes)
    parts = []
    if drifted:
        fields, objects = counted(sum(drifted), "field"), counted(len(drifted), "object")
        parts.append(f"{fields} of {objects} changed")
    if vanished:
        parts.append(f"{counted(vanished, 'object')} deleted")
    if not parts:
        return ""
    return f"Drift: {' and '.join(parts)} outside of this tool since the last apply."


def obstacles_text(plan: Plan) -> str:
    """Why the plan cannot be applied, in one sentence; nothing where it can."""
    texts = [
        counted(len(obstacles), noun)
        for obstacles, noun in ((plan.problems, "problem"), (plan.refusals, "refusal"))
        if obstacles
    ]
    return f"This plan cannot be applied: {' and '.join(texts)}." if texts else ""
