"""Plans as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from reconciler.model.consumers import Consumer
from reconciler.model.objects import ObjectKey
from reconciler.model.patches import Operation, to_json
from reconciler.model.plan_options import PLAN_OPTIONS, KeyTarget, PlanOptions
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    Plan,
    Refusal,
    Removal,
    Step,
)
from reconciler.model.values import UidOf, ValueRef
from reconciler.planning.reach import reach_of
from reconciler.planning.risks import risk_of
from reconciler.views import plan_words
from reconciler.views.heading import NO_HEADING, HeadedPlan, Heading
from reconciler.views.json.parts import (
    Document,
    key_document,
    note_document,
    path_document,
    serialised,
    source_document,
    store_document,
)
from reconciler.views.json.problems import diagnostic_document

PLAN_FORMAT = "reconciler.plan/v1"
REPORT_FORMAT = "reconciler.report/v1"


def plan(plan: Plan, heading: Heading = NO_HEADING) -> str:
    """The whole plan, objects in sync included (``plan-v1.json``).

    Its notices begin with what there is to know of the plan's file.
    """
    return serialised(plan_document(plan, heading))


def plan_document(plan: Plan, heading: Heading = NO_HEADING) -> Document:
    """What `plan` serialises."""
    return {
        "format": PLAN_FORMAT,
        "store": store_document(plan.store),
        "configuration": heading.configuration or None,
        "options": _options(plan.options),
        "summary": _summary(plan),
        "changes": [_change(change) for change in plan.changes],
        "steps": [_step(step) for step in plan.steps],
        "refusals": [_refusal(refusal) for refusal in plan.refusals],
        "problems": [diagnostic_document(problem) for problem in plan.problems],
        "notices": [note_document(notice) for notice in (*heading.origin, *plan.notices)],
    }


def report(plans: Sequence[HeadedPlan]) -> str:
    """Several plans, and the sums of their summaries (``report-v1.json``)."""
    documents = [plan_document(each.plan, each.heading) for each in plans]
    totals: Counter[str] = Counter()
    for document in documents:
        totals.update(document["summary"])
    can_apply = all(document["summary"]["canApply"] for document in documents)
    summary = {"plans": len(documents), **totals, "canApply": can_apply}
    return serialised({"format": REPORT_FORMAT, "summary": summary, "plans": documents})


def option_name(name: str) -> str:
    """How the field `name` of `PlanOptions` is called: ``allowReplace``, ``targets``."""
    option = PLAN_OPTIONS.get(name)
    first, *rest = (option.name if option else name).split("-")
    plural = "s" if option and option.repeatable else ""
    return first + "".join(part.capitalize() for part in rest) + plural


def _options(options: PlanOptions) -> Document:
    document: Document = {}
    for field in fields(options):
        value, name = getattr(options, field.name), option_name(field.name)
        if isinstance(value, tuple):
            document[name] = [_target(item) for item in value]
        else:
            plain = value is None or isinstance(value, bool | str)
            document[name] = value if plain else str(value)
    return document


def _target(target: ObjectKey | KeyTarget) -> Document:
    if isinstance(target, KeyTarget):
        return {**key_document(target.object), "key": target.key}
    return key_document(target)


def _summary(plan: Plan) -> Document:
    counts = plan.counts
    return {
        "create": counts.get(Action.CREATE, 0),
        "update": counts.get(Action.UPDATE, 0),
        "replace": counts.get(Action.REPLACE, 0),
        "delete": counts.get(Action.DELETE, 0),
        "release": counts.get(Action.RELEASE, 0),
        "restart": counts.get(Action.RESTART, 0),
        "inSync": counts.get(Action.NO_OP, 0),
        "driftedFields": sum(field.drift for change in plan.changes for field in change.fields),
        "sealedValues": plan_words.sealed_values(plan),
        "canApply": not (plan.refusals or plan.problems),
    }


def _change(change: Change) -> Document:
    precondition = change.precondition
    return {
        "key": key_document(change.key),
        "generateName": change.generate_name,
        "action": change.action,
        "reasons": list(change.reasons),
        "risk": risk_of(change),
        "sealed": change.sealed,
        "restartedFor": [key_document(key) for key in change.restarted_for],
        "fields": [field_document(field) for field in change.fields],
        "kept": [path_document(path) for path in change.kept],
        "notes": [note_document(note) for note in change.notes],
        "consumers": [_consumer(user, change) for user in change.consumers],
        "warnings": [diagnostic_document(warning) for warning in change.warnings],
        "removal": change.removal and _removal(change.removal),
        "patch": [_operation(operation) for operation in change.patch],
        "precondition": precondition
        and {"uid": precondition.uid, "resourceVersion": precondition.resource_version},
        "source": change.source and source_document(change.source),
    }


def _removal(removal: Removal) -> Document:
    return {
        "type": removal.type,
        "keys": list(removal.keys),
        "foreign": list(removal.foreign),
        "takes": [key_document(key) for key in removal.takes],
        "lost": list(removal.lost),
        "copies": [key_document(key) for key in removal.copies],
    }


def _consumer(consumer: Consumer, change: Change) -> Document:
    return {
        "kind": consumer.kind,
        "namespace": consumer.namespace,
        "name": consumer.name,
        "secret": key_document(consumer.secret),
        "key": consumer.key,
        "optional": consumer.optional,
        "field": consumer.field,
        "manifest": consumer.manifest,
        "way": consumer.way,
        "reach": reach_of(change, consumer),
    }


def field_document(field: FieldChange) -> Document:
    """A field that differs, with references in place of values."""
    document = {
        **path_document(field.path),
        "change": field.action,
        "nature": field.nature,
        "drift": field.drift,
        "manager": field.manager,
        "restores": field.restores,
    }
    if field.action is not FieldAction.ADDED:
        document["before"] = _value(field.before)
    if field.action is not FieldAction.REMOVED:
        document["after"] = _value(field.after)
    return document


def _operation(operation: Operation) -> Document:
    document = to_json(operation)
    if "value" in document:
        document["value"] = _value(document["value"])
    return document


def _value(value: Any) -> Any:  # noqa: PLR0911 - a table of cases
    match value:
        case ValueRef():
            if value.generated:
                return {"$generated": True}
            if value.sealed:
                return {"$value": None, "sealed": True}
            return {"$value": None if value.unread else value.number}
        case UidOf():
            return {"$uidOf": str(ObjectKey(value.kind, value.namespace, value.name))}
        case dict():
            return {
                f"${name}" if name.startswith("$") else name: _value(child)
                for name, child in value.items()
            }
        case list() | tuple():
            return [_value(child) for child in value]
        case _:
            return value


def _step(step: Step) -> Document:
    return {
        "key": key_document(step.key),
        "action": step.action,
        "wave": step.wave,
        "after": [key_document(key) for key in step.after],
    }


def _refusal(refusal: Refusal) -> Document:
    return {
        "guard": refusal.guard,
        "message": refusal.message,
        "hint": refusal.hint,
        "key": refusal.key and key_document(refusal.key),
    }
