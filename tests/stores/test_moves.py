"""Releases and moves by whole applies, killed between any two calls of the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from reconciler import workflow
from reconciler.model.events import Outcome
from reconciler.model.objects import Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from reconciler.model.store import Capability, Store
from tests.stores.words import Subject, Words
from tests.world import Faulty, Killed, secret

GIVER = PlanOptions(set_name="old")
MOVE = PlanOptions(set_name="new", adopt_from="old", allow_replace=True)
RELEASE = PlanOptions(set_name="old", release=True)


def applied(store: Any, desired: Sequence[Desired], options: PlanOptions) -> None:
    planned = workflow.plan(desired, workflow.read(desired, store, options), options)
    assert not planned.blocked, planned.plan.refusals
    ended = workflow.apply(planned, store, parallelism=1)
    assert {result.outcome for result in ended.results} <= {Outcome.APPLIED}, ended.results


def killed(store: Store, desired: Sequence[Desired], options: PlanOptions, number: int) -> bool:
    """Apply, and be killed at a call; tells whether that came to happen."""
    moments = 0

    def strike(_number: int, name: str, *, happened: bool) -> None:
        del happened
        nonlocal moments
        if name in {"create", "update", "delete", "begin"}:
            moments += 1
            if moments == number + 1:
                raise Killed

    with suppress(Killed):
        applied(Faulty(store, strike), desired, options)
    return moments > number


def owned(store: Store, set_name: str) -> set[str]:
    snapshot = workflow.read((), store, PlanOptions(set_name=set_name))
    assert not snapshot.copies
    return {key.name for key in snapshot.objects}


def pending(store: Store, desired: Sequence[Desired], options: PlanOptions) -> Sequence[Action]:
    snapshot = workflow.read(desired, store, options)
    return [change.action for change in workflow.plan(desired, snapshot, options).plan.pending]


@pytest.mark.parametrize("change", [False, True], ids=["as it is", "replaced"])
def test_a_move_goes_on_wherever_it_was_killed(
    subject: Subject, store: Store, words: Words, *, change: bool
) -> None:
    number, going_on = 0, True
    while going_on:
        before = [secret(f"s{number}-{each}", {"a": "1"}, home=words.home) for each in "xy"]
        applied(store, before, GIVER)
        kind = "kubernetes.io/basic-auth" if change else "Opaque"
        if change and Capability.NAMESPACES not in store.capabilities:
            kind = "kubernetes.io/dockerconfigjson"
        values = {"username": "u", ".dockerconfigjson": '{"auths": {}}'} if change else {"a": "1"}
        after = [
            secret(resource.name, _fitting(kind, values), home=words.home, type=kind)
            for resource in before
        ]
        going_on = killed(store, after, MOVE, number)
        applied(subject.open(), after, MOVE)
        assert pending(store, after, MOVE) == []
        assert owned(store, "old") == set()
        assert {resource.name for resource in after} <= owned(store, "new")
        applied(store, after, PlanOptions(set_name="new"))
        number += 1
    assert number > 2


def _fitting(kind: str, values: dict[str, str]) -> dict[str, str]:
    if kind == "Opaque":
        return values
    name = "username" if kind.endswith("basic-auth") else ".dockerconfigjson"
    return {name: values[name]}


def test_a_release_goes_on_wherever_it_was_killed(
    subject: Subject, store: Store, words: Words
) -> None:
    number, going_on = 0, True
    while going_on:
        members = [secret(f"s{number}-{each}", {"a": "1"}, home=words.home) for each in "xy"]
        applied(store, members, GIVER)
        going_on = killed(store, (), RELEASE, number)
        applied(subject.open(), (), RELEASE)
        assert pending(store, (), RELEASE) == []
        assert owned(store, "old") == set()
        snapshot = workflow.read(members, store, PlanOptions(set_name="new"))
        assert {resource.key for resource in members} <= snapshot.objects.keys()
        number += 1
    assert number > 2
