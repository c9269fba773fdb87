"""Plans, read back from JSON; nothing in there is trusted.

The reverse of `reconciler.views.json.plans`: views show the plan that is read as they show the plan
that was written. It cannot be applied: fingerprints, and what a store needs, are not in the JSON.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, TypeVar

from reconciler.model.consumers import Consumer, Way
from reconciler.model.nodes import Node, check_same
from reconciler.model.objects import Diagnostic, ObjectKey, Severity
from reconciler.model.options import OptionKind
from reconciler.model.patches import Operation
from reconciler.model.plan_options import PLAN_OPTIONS, DeleteLimit, KeyTarget, PlanOptions
from reconciler.model.plans import (
    Action,
    Change,
    FieldAction,
    FieldChange,
    FieldPath,
    Plan,
    Precondition,
    Reason,
    Refusal,
    Removal,
    Step,
)
from reconciler.model.values import Nature, UidOf, ValueRef
from reconciler.planfile import ORIGIN_CODES
from reconciler.views.heading import HeadedPlan, Heading
from reconciler.views.json.parts import Document
from reconciler.views.json.plans import option_name, plan_document
from reconciler.views.json.read_parts import (
    read_key,
    read_note,
    read_path,
    read_source,
    read_store,
    read_texts,
)

_OPERATIONS = ("add", "remove", "replace")
_DELETE_LIMIT = re.compile("([0-9]{1,9})(%?)")

Read = TypeVar("Read")


def read_plan(document: Document) -> HeadedPlan:
    """The plan of which `plan_document` has made `document`.

    What is derived, such as the summary and the risks, must be what this version derives.

    Raises:
        Misfit: it is anything else.
    """
    headed = _headed(Node(document))
    check_same(plan_document(headed.plan, headed.heading), document)
    return headed


def _headed(node: Node) -> HeadedPlan:
    members = node.record(
        "format",
        "store",
        "configuration",
        "options",
        "summary",
        "changes",
        "steps",
        "refusals",
        "problems",
        "notices",
    )
    notices = members["notices"].items(read_note)
    own = next(
        (index for index, note in enumerate(notices) if note.code not in ORIGIN_CODES),
        len(notices),
    )
    plan = Plan(
        store=read_store(members["store"]),
        options=_options(members["options"]),
        changes=members["changes"].items(_change),
        steps=members["steps"].items(_step),
        refusals=members["refusals"].items(_refusal),
        problems=members["problems"].items(_diagnostic),
        notices=notices[own:],
    )
    return HeadedPlan(
        plan, Heading(members["configuration"].optional(Node.text) or "", notices[:own])
    )


def _options(node: Node) -> PlanOptions:
    names = {field.name: option_name(field.name) for field in fields(PlanOptions)}
    members = node.record(*names.values())
    return PlanOptions(**{field: _option(field, members[name]) for field, name in names.items()})


def _option(field: str, node: Node) -> Any:
    default = getattr(PlanOptions(), field)
    option = PLAN_OPTIONS.get(field)
    if option and option.kind is OptionKind.OBJECT_KEY:
        return node.items(_key_target)
    if option and option.kind is OptionKind.OBJECT:
        return node.items(read_key)
    if option and option.kind is OptionKind.DELETE_LIMIT:
        return _delete_limit(node)
    if isinstance(default, bool):
        return node.flag()
    return node.optional(Node.text) if default is None else node.text()


def _key_target(node: Node) -> KeyTarget:
    members = read_texts(node.record("kind", "namespace", "name", "key"))
    key = members.pop("key")
    return KeyTarget(ObjectKey(**members), key)


def _delete_limit(node: Node) -> DeleteLimit:
    match = _DELETE_LIMIT.fullmatch(node.text())
    if match is None:
        raise node.misfit("a number or a percentage is expected")
    return DeleteLimit(int(match[1]), percent=bool(match[2]))


def _change(node: Node) -> Change:
    members = node.record(
        "key",
        "generateName",
        "action",
        "reasons",
        "risk",
        "sealed",
        "restartedFor",
        "fields",
        "kept",
        "notes",
        "consumers",
        "warnings",
        "removal",
        "patch",
        "precondition",
        "source",
    )
    return Change(
        key=read_key(members["key"]),
        action=members["action"].word(Action),
        generate_name=members["generateName"].text(),
        reasons=members["reasons"].items(lambda reason: reason.word(Reason)),
        fields=members["fields"].items(_field),
        kept=members["kept"].items(_kept),
        notes=members["notes"].items(read_note),
        patch=members["patch"].items(_operation),
        precondition=members["precondition"].optional(_precondition),
        sealed=members["sealed"].flag(),
        restarted_for=members["restartedFor"].items(read_key),
        consumers=members["consumers"].items(_consumer),
        warnings=members["warnings"].items(_diagnostic),
        removal=members["removal"].optional(_removal),
        source=members["source"].optional(read_source),
    )


def _field(node: Node) -> FieldChange:
    members = node.record(
        "field",
        "path",
        "change",
        "nature",
        "drift",
        "manager",
        "restores",
        optional=("before", "after"),
    )
    action = members["change"].word(FieldAction)
    expected = {"before", "after"}
    expected -= {FieldAction.ADDED: {"before"}, FieldAction.REMOVED: {"after"}}.get(action, set())
    if members.keys() & {"before", "after"} != expected:
        raise node.misfit(f"what is {action} has {' and '.join(sorted(expected))}")
    return FieldChange(
        path=read_path(members["path"]),
        action=action,
        before=_value(members["before"]) if "before" in members else None,
        after=_value(members["after"]) if "after" in members else None,
        nature=members["nature"].word(Nature),
        drift=members["drift"].flag(),
        manager=members["manager"].text(),
        restores=members["restores"].flag(),
    )


def _kept(node: Node) -> FieldPath:
    return read_path(node.record("field", "path")["path"])


def _value(node: Node) -> Any:
    """A value of a field; the depth of all has been checked."""
    match node.content:
        case dict() as content:
            if any(name.startswith("$") and not name.startswith("$$") for name in content):
                return _reference(node)
            return {
                name.removeprefix("$"): _value(Node(child, node.place))
                for name, child in content.items()
            }
        case list() as content:
            return [_value(Node(child, node.place)) for child in content]
        case _:
            return node.content


def _reference(node: Node) -> ValueRef | UidOf:
    match node.content:
        case {"$value": None, "sealed": True, **more} if not more:
            return ValueRef(0, "", sealed=True)
        case {"$value": None, **more} if not more:
            return ValueRef(0, "", unread=True)
        case {"$value": int(number), **more} if not more and number > 0 and number is not True:
            return ValueRef(number, "")
        case {"$generated": True, **more} if not more:
            return ValueRef(0, "", generated=True)
        case {"$uidOf": str(name), **more} if not more:
            kind, _, rest = name.partition("/")
            namespace, _, name = rest.rpartition("/")
            return UidOf(kind, namespace, name)
        case _:
            raise node.misfit("a name begins with $, and stands for nothing")


def _operation(node: Node) -> Operation:
    members = node.record("op", "path", optional=("value",))
    op = members["op"].text()
    if op not in _OPERATIONS or (op == "remove") == ("value" in members):
        raise node.misfit("an operation of RFC 6902 is expected")
    value = _value(members["value"]) if "value" in members else None
    return Operation(op, members["path"].text(), value)


def _precondition(node: Node) -> Precondition:
    members = node.record("uid", "resourceVersion")
    return Precondition(members["uid"].text(), members["resourceVersion"].text())


def _consumer(node: Node) -> Consumer:
    texts = ("kind", "namespace", "name", "key", "field", "manifest")
    members = node.record(*texts, "secret", "optional", "way", "reach")
    return Consumer(
        **{name: members[name].text() for name in texts},
        secret=read_key(members["secret"]),
        optional=members["optional"].flag(),
        way=members["way"].word(Way),
    )


def _removal(node: Node) -> Removal:
    members = node.record("type", "keys", "foreign", "takes", "lost", "copies")
    return Removal(
        type=members["type"].text(),
        keys=members["keys"].items(Node.text),
        foreign=members["foreign"].items(Node.text),
        takes=members["takes"].items(read_key),
        lost=members["lost"].items(Node.text),
        copies=members["copies"].items(read_key),
    )


def _step(node: Node) -> Step:
    members = node.record("key", "action", "wave", "after")
    action = members["action"].word(Action)
    if action is Action.NO_OP:
        raise members["action"].misfit("a step does something")
    return Step(
        read_key(members["key"]), action, members["wave"].count(), members["after"].items(read_key)
    )


def _refusal(node: Node) -> Refusal:
    members = dict(node.record("guard", "message", "hint", "key"))
    key = members.pop("key").optional(read_key)
    return Refusal(**read_texts(members), key=key)


def _diagnostic(node: Node) -> Diagnostic:
    texts = ("code", "message", "hint", "object", "field")
    members = dict(node.record("severity", *texts, "source"))
    severity, source = members.pop("severity"), members.pop("source")
    return Diagnostic(
        severity=severity.word(Severity), source=read_source(source), **read_texts(members)
    )
