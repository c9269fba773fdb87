"""Annotations that keep values in clear: told of in every plan, removed when asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.events import Outcome
from reconciler.model.objects import Live
from reconciler.model.plans import Action, FieldAction, Plan
from reconciler.model.values import ValueRef
from tests.world import IN_HAND, World, account, live, owner, planned, secret, snapshot

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ORIGINAL = "kapp.k14s.io/original"
COPY = '{"stringData":{"k":"in clear"}}'
A = secret("a", {"k": "in clear"}, annotations={"note": "x"})


def copied(one: Any, *names: str) -> Live:
    extra = dict.fromkeys(names or (LAST_APPLIED,), COPY)
    return live(replace(one, annotations={**one.annotations, **extra}), one)


def notices(plan: Plan) -> list[str]:
    return [note.message for note in plan.notices if note.code == "values-in-annotation"]


def test_every_plan_tells_of_them_and_touches_nothing() -> None:
    plan, _ = planned([A], snapshot(copied(A)))
    assert plan.pending == ()
    (message,) = notices(plan)
    assert message == (
        "1 Secret has plain-text values in an annotation written by kubectl or kapp: "
        "Secret/default/a; --scrub removes it"
    )


def test_many_are_counted_and_some_named() -> None:
    many = [secret(f"s{number}", {"k": "v"}) for number in range(7)]
    plan, _ = planned(many, snapshot(*map(copied, many)))
    (message,) = notices(plan)
    assert message.startswith("7 Secrets have")
    assert message.count("Secret/default/s") == 5
    assert "and 2 more" in message


def test_what_is_in_no_plan_or_holds_no_values_is_not_told_of() -> None:
    robot = account("robot")
    plan, _ = planned([robot, A], snapshot(copied(robot), live(A, A), copied(secret("b"))))
    assert notices(plan) == []
    plan, _ = planned([robot], snapshot(copied(robot)), scrub=True)
    assert plan.pending == ()


def test_a_scrub_removes_all_of_them_and_nothing_else() -> None:
    found = copied(A, LAST_APPLIED, ORIGINAL, "kapp.k14s.io/identity")
    plan, _ = planned([A], snapshot(found), scrub=True)
    (change,) = plan.changes
    assert change.action is Action.UPDATE
    assert [(field.path[-1], field.action) for field in change.fields] == [
        (ORIGINAL, FieldAction.REMOVED),
        (LAST_APPLIED, FieldAction.REMOVED),
    ]
    assert all(isinstance(field.before, ValueRef) for field in change.fields)
    assert [operation.op for operation in change.patch] == ["remove", "remove"]
    assert notices(plan) == []
    assert "in clear" not in repr(plan).replace("plain-text values", "")


def test_a_manifest_that_holds_one_is_scrubbed_too() -> None:
    wanted = replace(A, annotations={LAST_APPLIED: COPY})
    plan, values = planned([wanted], snapshot(copied(A)), scrub=True)
    assert all(LAST_APPLIED not in path for path in values.targets[A.key])
    assert plan.changes[0].action is Action.UPDATE
    plan, values = planned([wanted], scrub=True)
    assert "last-applied" not in repr(plan)
    assert plan.changes[0].action is Action.CREATE


def test_a_key_of_data_that_is_named_like_a_part_of_metadata_is_a_key() -> None:
    odd = secret(
        "odd",
        {"annotations": "v", "labels": "v", "ownerReferences": "v", "finalizers": "v"},
        owners=(owner(A),),
    )
    plan, _ = planned([A, odd], scrub=True)
    (change,) = (change for change in plan.changes if change.key == odd.key)
    assert [field.path for field in change.fields if field.path[0] == "data"] == [
        ("data", name) for name in sorted(odd.data)
    ]


def test_what_is_never_touched_is_told_of_all_the_same() -> None:
    once = replace(A, annotations={"reconciler/create-only": "true"})
    plan, _ = planned([once], snapshot(copied(once)), scrub=True)
    assert plan.pending == ()
    assert len(notices(plan)) == 1


@pytest.mark.parametrize("immutable", [False, True])
@pytest.mark.parametrize("in_manifest", [False, True])
def test_a_second_plan_is_empty(world: World, *, immutable: bool, in_manifest: bool) -> None:
    sealed = replace(A, immutable=immutable)
    annotated = replace(sealed, annotations={**A.annotations, LAST_APPLIED: COPY})
    world.put(annotated)
    wanted = annotated if in_manifest else sealed
    scrub = replace(IN_HAND, scrub=True)
    assert world.plan([wanted], scrub)[0].pending
    assert world.apply([wanted], scrub).count(Outcome.APPLIED) == 1
    assert world.plan([wanted], scrub)[0].pending == ()
    live = world.get(A)
    assert live is not None
    assert live.annotations == A.annotations
    if not in_manifest:
        plan = world.plan([wanted])[0]
        assert plan.pending == ()
        assert notices(plan) == []
