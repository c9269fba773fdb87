"""What no longer is as a plan has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.plans import Action, Change, Plan, Reason
from reconciler.planfile.codec import decode, encode


def moved_objects(saved: Plan, fresh: Plan, *, same_key: bool) -> Iterator[str]:
    """A line for each object that is not as `saved` has it; `fresh` is the same plan made now.

    `same_key` tells whether the fingerprints of the two can be compared at all. Objects that are
    in sync in both say nothing, whatever else happened to them.
    """
    if not same_key:
        saved, fresh = _without_fingerprints(saved), _without_fingerprints(fresh)
    before = {change.key: change for change in saved.changes}
    after = {change.key: change for change in fresh.changes}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new and not (_settled(old) and _settled(new)):
            yield f"{key}: {_movement(old, new)}"


def _settled(change: Change | None) -> bool:
    return change is None or change.action is Action.NO_OP


def _movement(old: Change | None, new: Change | None) -> str:
    if new is None:
        return "no longer in the manifests, nor in the set"
    if old is None:
        return f"not in the plan, and now to {new.action}"
    if old.precondition == new.precondition:
        copy_moved = Reason.INTERRUPTED in {*old.reasons} ^ {*new.reasons}
        return "changed in the store" if copy_moved else "its manifest changed"
    if new.precondition is None:
        return "gone from the store" if new.action is Action.CREATE else "changed in the store"
    return "created in the store" if old.action is Action.CREATE else "changed in the store"


def _without_fingerprints(plan: Plan) -> Plan:
    return decode(Plan, _blank(encode(plan)))


def _blank(node: Any) -> Any:
    match node:
        case {"$value": _, "fingerprint": _}:
            return {**node, "fingerprint": ""}
        case dict():
            return {name: _blank(child) for name, child in node.items()}
        case list():
            return [_blank(child) for child in node]
        case _:
            return node
