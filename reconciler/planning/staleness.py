"""Compares an approved plan with a new one, to find out whether it is stale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Change, FieldChange, Plan, Reason, StoreIdentity
from reconciler.model.values import ValueRef


def stale_reasons(
    approved: Plan, fresh: Plan, *, same_key: bool, derived_key: bool
) -> tuple[str, ...]:
    """The reasons why `approved` is stale, a line each; empty if both plans are the same.

    `same_key` says whether both have fingerprints under the same key, so that these can be
    compared; `derived_key` whether the key of `approved` was derived from the values of its
    manifests. A store that did not exist when the plan was made is identified by its location.
    Objects that are in sync in both plans are not compared.
    """
    lines: list[str] = []
    if _is_another(approved.store, fresh.store):
        lines.append(f"the plan was made for another store, {approved.store.location}")
    if not same_key:
        lines.append(
            "values in the manifests have changed since the plan"
            if derived_key
            else "the store's fingerprint key is not the one that the plan was made with"
        )
    lines += _stale_objects(approved, fresh, same_key=same_key)
    lines += [
        f"{problem.object}: {problem.message}"
        for problem in fresh.problems
        if problem not in approved.problems
    ]
    lines += [refusal.message for refusal in fresh.refusals if refusal not in approved.refusals]
    return tuple(lines)


def _is_another(approved: StoreIdentity, fresh: StoreIdentity) -> bool:
    if approved.id:
        return approved != fresh
    return (approved.scheme, approved.location) != (fresh.scheme, fresh.location)


def _stale_objects(approved: Plan, fresh: Plan, *, same_key: bool) -> Iterator[str]:
    """A line for each object that differs from `approved`."""
    before = {change.key: change for change in approved.changes}
    after = {change.key: change for change in fresh.changes}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if not same_key:
            old, new = _without_fingerprints(old), _without_fingerprints(new)
        if old != new and not (_is_settled(old) and _is_settled(new)):
            yield f"{key}: {_difference(old, new)}"


def _is_settled(change: Change | None) -> bool:
    return change is None or change.action is Action.NO_OP


def _difference(old: Change | None, new: Change | None) -> str:
    if Action.RESTART in {change.action for change in (old, new) if change is not None}:
        return _restart_difference(old, new)
    if new is None:
        return "in neither the manifests nor the set any more"
    if old is None:
        return f"not in the plan, but needs a {new.action} now"
    if old.precondition == new.precondition:
        copy_differs = Reason.INTERRUPTED in {*old.reasons} ^ {*new.reasons}
        return "changed in the store" if copy_differs else "its manifest changed"
    if new.precondition is None:
        return "gone from the store" if new.action is Action.CREATE else "changed in the store"
    return "created in the store" if old.action is Action.CREATE else "changed in the store"


def _restart_difference(old: Change | None, new: Change | None) -> str:
    if new is None:
        return "needs no restart any more"
    if old is None:
        return "not in the plan, but needs a restart now"
    if old.precondition != new.precondition:
        return "deleted and made anew in the store"
    return "to be restarted for other Secrets"


def _without_fingerprints(change: Change | None) -> Change | None:
    if change is None:
        return None
    return replace(change, fields=_blank(change.fields), patch=_blank(change.patch))


def _blank(node: Any) -> Any:  # noqa: PLR0911 - a table of cases
    """`node` with references without fingerprints."""
    match node:
        case ValueRef():
            return replace(node, fingerprint="")
        case FieldChange():
            return node._replace(before=_blank(node.before), after=_blank(node.after))
        case Operation():
            return replace(node, value=_blank(node.value))
        case dict():
            return {name: _blank(child) for name, child in node.items()}
        case list():
            return [_blank(child) for child in node]
        case tuple():
            return tuple(_blank(child) for child in node)
        case _:
            return node
