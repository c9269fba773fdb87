"""Plans, diagnostics and events as JSON; the schemas are in ``reconciler/schemas``.

Where a secret value stands, there is ``{"$value": 2}``: equal values of one plan have equal
numbers. A uid that is known after the apply is ``{"$uidOf": "Secret/shop/db"}``. A name in an
object of a manifest that begins with ``$`` gets another ``$``, so that neither can be forged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from reconciler.model.events import (
    PAST_TENSE,
    ApplyEnded,
    Event,
    Outcome,
    StepEnded,
    StepRetried,
    StepStarted,
)
from reconciler.model.objects import Diagnostic, ObjectKey, Severity, Source
from reconciler.model.patches import Operation, to_json
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    FieldPath,
    Note,
    Plan,
    PlanOptions,
    Refusal,
    Step,
)
from reconciler.model.values import UidOf, ValueRef
from reconciler.views.words import field_text, is_seen

PLAN_FORMAT = "reconciler.plan/v1"
DIAGNOSTICS_FORMAT = "reconciler.diagnostics/v1"
EVENT_FORMAT = "reconciler.event/v1"

Document = dict[str, Any]

_SUSPECT = re.compile(r"[^\n\x20-\x7e]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def plan(plan: Plan) -> str:
    """The whole plan, objects in sync included (``plan-v1.json``)."""
    return serialised(
        {
            "format": PLAN_FORMAT,
            "store": {
                "scheme": plan.store.scheme,
                "id": plan.store.id,
                "location": plan.store.location,
            },
            "options": _options(plan.options),
            "summary": _summary(plan),
            "changes": [_change(change) for change in plan.changes],
            "steps": [_step(step) for step in plan.steps],
            "refusals": [_refusal(refusal) for refusal in plan.refusals],
            "problems": [_diagnostic(problem) for problem in plan.problems],
            "notices": [_note(notice) for notice in plan.notices],
        }
    )


def diagnostics(diagnostics: Sequence[Diagnostic], *, objects: int, files: int) -> str:
    """What is wrong with manifests (``diagnostics-v1.json``); `objects` and `files` were read."""
    errors = sum(item.severity is Severity.ERROR for item in diagnostics)
    return serialised(
        {
            "format": DIAGNOSTICS_FORMAT,
            "summary": {
                "errors": errors,
                "warnings": len(diagnostics) - errors,
                "objects": objects,
                "files": files,
            },
            "diagnostics": [_diagnostic(item) for item in diagnostics],
        }
    )


def event(event: Event) -> str:
    """One event as one line (``event-v1.json``)."""
    return serialised({"format": EVENT_FORMAT, **_event(event)}, indented=False)


def serialised(document: Document, *, indented: bool = True) -> str:
    r"""JSON text in which nothing is invisible: control and bidi characters are ``\u`` escapes."""
    option = orjson.OPT_INDENT_2 if indented else 0
    try:
        text = orjson.dumps(document, option=option).decode()
    except orjson.JSONEncodeError:
        # A file name that is not UTF-8 comes as lone surrogates, which JSON cannot carry.
        text = orjson.dumps(_without_surrogates(document), option=option).decode()
    return _SUSPECT.sub(_escape, text)


def _options(options: PlanOptions) -> Document:
    return {
        "set": options.set_name,
        "namespace": options.namespace,
        "targets": [_key(target) for target in options.targets],
        "prune": options.prune,
        "adopt": options.adopt,
        "allowReplace": options.allow_replace,
        "maxDeletes": str(options.max_deletes),
    }


def _summary(plan: Plan) -> Document:
    counts = plan.counts
    return {
        "create": counts.get(Action.CREATE, 0),
        "update": counts.get(Action.UPDATE, 0),
        "replace": counts.get(Action.REPLACE, 0),
        "delete": counts.get(Action.DELETE, 0),
        "inSync": counts.get(Action.NO_OP, 0),
        "driftedFields": sum(field.drift for change in plan.changes for field in change.fields),
        "canApply": not (plan.refusals or plan.problems),
    }


def _change(change: Change) -> Document:
    precondition = change.precondition
    return {
        "key": _key(change.key),
        "generateName": change.generate_name,
        "action": change.action,
        "reasons": list(change.reasons),
        "fields": [_field(field) for field in change.fields],
        "kept": [_path(path) for path in change.kept],
        "notes": [_note(note) for note in change.notes],
        "patch": [_operation(operation) for operation in change.patch],
        "precondition": precondition
        and {"uid": precondition.uid, "resourceVersion": precondition.resource_version},
        "source": change.source and _source(change.source),
    }


def _field(field: FieldChange) -> Document:
    document = {
        **_path(field.path),
        "change": field.action,
        "nature": field.nature,
        "drift": field.drift,
    }
    if field.action is not FieldAction.ADDED:
        document["before"] = _value(field.before)
    if field.action is not FieldAction.REMOVED:
        document["after"] = _value(field.after)
    return document


def _path(path: FieldPath) -> Document:
    return {"field": field_text(path), "path": list(path)}


def _operation(operation: Operation) -> Document:
    document = to_json(operation)
    if "value" in document:
        document["value"] = _value(document["value"])
    return document


def _value(value: Any) -> Any:
    match value:
        case ValueRef():
            return {"$value": value.number}
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
        "key": _key(step.key),
        "action": step.action,
        "wave": step.wave,
        "after": [_key(key) for key in step.after],
    }


def _refusal(refusal: Refusal) -> Document:
    return {
        "guard": refusal.guard,
        "message": refusal.message,
        "hint": refusal.hint,
        "key": refusal.key and _key(refusal.key),
    }


def _diagnostic(item: Diagnostic) -> Document:
    return {
        "severity": item.severity,
        "code": item.code,
        "message": item.message,
        "hint": item.hint,
        "object": item.object,
        "field": item.field,
        "source": _source(item.source),
    }


def _note(note: Note) -> Document:
    return {"code": note.code, "message": note.message}


def _source(source: Source) -> Document:
    return {
        "file": source.file,
        "line": source.line,
        "column": source.column,
        "document": source.document,
        "item": source.item,
    }


def _key(key: ObjectKey) -> Document:
    return key._asdict()


def _event(event: Event) -> Document:
    match event:
        case StepStarted(step):
            return {"event": "step-started", **_touched(step, step.key)}
        case StepRetried(step, attempt, delay, message):
            return {
                "event": "step-retried",
                **_touched(step, step.key),
                "attempt": attempt,
                "delaySeconds": delay,
                "message": message,
            }
        case StepEnded():
            return {
                "event": "step-ended",
                **_touched(event.step, event.key),
                "outcome": event.outcome,
                "message": event.message,
                "hint": event.hint,
            }
        case ApplyEnded():
            return {"event": "apply-ended", **_outcome(event)}


def _touched(step: Step, key: ObjectKey) -> Document:
    return {"key": _key(key), "action": step.action, "wave": step.wave}


def _outcome(event: ApplyEnded) -> Document:
    applied = [result.step.action for result in event.results if result.outcome is Outcome.APPLIED]
    return {
        "applied": {word: applied.count(action) for action, word in PAST_TENSE.items()},
        "failed": event.count(Outcome.FAILED),
        "skipped": event.count(Outcome.SKIPPED),
        "interrupted": event.interrupted,
    }


def _without_surrogates(node: Any) -> Any:
    match node:
        case str():
            return _SURROGATES.sub("\ufffd", node)
        case dict():
            return {_without_surrogates(name): _without_surrogates(node[name]) for name in node}
        case list():
            return [_without_surrogates(child) for child in node]
        case _:
            return node


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if is_seen(character):
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
