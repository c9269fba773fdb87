"""A prune after manifests that came to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.objects import Applied, Desired, InputYield
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Plan
from reconciler.model.store import Snapshot
from reconciler.planning import planner
from tests.world import (
    FINGERPRINTS,
    account,
    in_sync,
    live,
    namespace,
    secret,
    snapshot,
    wrapped,
)

A, B = secret("a", {"k": "v"}), secret("b", {"k": "v"})
SHOP = namespace("shop")
EMPTY = InputYield("empty.yaml")
FULL = InputYield("full.yaml", secrets=1)


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    inputs: Sequence[InputYield] = (),
    **options: Any,
) -> Plan:
    asked = PlanOptions(**{"prune": True, **options})
    made, _ = planner.plan(desired, snapshot, asked, FINGERPRINTS, inputs=inputs)
    return made


def guards(*given: Any, **options: Any) -> list[str]:
    made = plan(*given, **options)
    assert all(refusal.hint for refusal in made.refusals)
    return [refusal.guard for refusal in made.refusals]


@pytest.mark.parametrize("owned", [[A], [A, B], [SHOP], [account("robot")], [SHOP, A]], ids=str)
def test_a_set_is_not_left_without_any_object(owned: list[Desired]) -> None:
    found = snapshot(*in_sync(*owned))
    assert guards([], found) == ["emptied"]
    assert guards([], found, allow_empty=True) == []
    assert guards([], found, prune=False) == []
    assert guards([], found, prune=False, destroy=True) == []
    assert guards(owned[:1], found) == ["emptied"] * (owned == [SHOP, A])


def test_the_refusal_says_how_much_would_go_and_which_input_is_why() -> None:
    found = snapshot(*in_sync(A, B))
    inputs = [EMPTY, InputYield("pods.yaml", skipped=3), InputYield("more.yaml", others=2)]
    (refusal,) = plan([], found, inputs).refusals
    assert refusal.message == (
        "the plan leaves nothing of the set 'default': it deletes all its 2 objects (empty.yaml "
        "holds nothing; pods.yaml holds no Secret, 3 of other kinds, skipped; more.yaml holds no "
        "Secret, 2 Namespaces or ServiceAccounts)"
    )
    assert "--allow-empty" in refusal.hint


def test_a_set_of_nothing_is_not_emptied() -> None:
    assert guards([], snapshot(), [EMPTY]) == []
    others = [live(A, None), live(B, Applied(set_name="other"))]
    assert guards([], snapshot(*others), [EMPTY]) == []
    gone = snapshot(vanished=frozenset({A.key}))
    assert [str(one.action) for one in plan([], gone, [EMPTY]).changes] == ["delete"]
    assert guards([], gone, [EMPTY]) == []


def test_the_copy_that_an_interrupted_replace_left_is_worth_as_much() -> None:
    assert guards([], snapshot(copies=[live(A, A)])) == ["emptied"]
    assert guards([], snapshot(*in_sync(B), copies=[live(A, A)])) == ["emptied"]


def test_a_namespace_that_nobody_can_delete_is_nothing_left() -> None:
    lasting = namespace("kube-system")
    assert guards([], snapshot(*in_sync(lasting, SHOP))) == ["emptied"]
    assert guards([], snapshot(*in_sync(lasting))) == []


def test_manifests_without_any_secret_prune_none() -> None:
    found = snapshot(*in_sync(SHOP, A))
    assert guards([SHOP], found) == ["emptied"]
    assert guards([SHOP], found, allow_empty=True) == []
    assert guards([SHOP], snapshot(*in_sync(SHOP, namespace("old")))) == []
    assert guards([SHOP], snapshot(*in_sync(SHOP))) == []


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [
        (EMPTY, True),
        (InputYield("namespaces.yaml", others=1), False),
        (InputYield("workloads.yaml", skipped=3), False),
        (FULL, False),
    ],
    ids=lambda one: getattr(one, "path", ""),
)
def test_all_inputs_count_together_but_none_may_be_empty(
    other: InputYield, *, is_refused: bool
) -> None:
    made = plan([A], snapshot(*in_sync(A, B)), [FULL, other])
    assert [refusal.guard for refusal in made.refusals] == ["emptied"] * is_refused
    if is_refused:
        assert "empty.yaml holds nothing" in made.refusals[0].message
        assert "full.yaml" not in made.refusals[0].message
    assert guards([A], snapshot(*in_sync(A, B)), [FULL, other], allow_empty=True) == []


def test_an_empty_input_is_told_of_and_refused_only_where_something_is_deleted() -> None:
    for options in ({}, {"prune": False}):
        made = plan([A], snapshot(*in_sync(A)), [FULL, EMPTY], **options)
        assert made.refusals == ()
        assert [(note.code, note.message) for note in made.notices] == [
            ("input-empty", "empty.yaml holds no object at all")
        ]


def test_with_targets_the_whole_input_counts() -> None:
    found = snapshot(*in_sync(B))
    assert guards([A], found, targets=(B.key,)) == []
    assert guards([], found, targets=(B.key,)) == ["emptied"]
    assert guards([], snapshot(*in_sync(A, SHOP)), targets=(SHOP.key,)) == []
    assert guards([], snapshot(*in_sync(A, B)), targets=(B.key,)) == ["emptied"]


def test_replaced_objects_and_new_versions_leave_the_set_full() -> None:
    sealed = replace(A, immutable=True)
    changed = replace(sealed, data=wrapped({"k": "w"}))
    assert guards([changed], snapshot(live(sealed, sealed)), allow_replace=True) == []
    versioned = replace(changed, annotations={"reconciler/replace": "versioned"})
    assert guards([versioned], snapshot(live(sealed, sealed)), force_consumers=True) == []


def test_what_may_not_be_deleted_is_refused_for_both_reasons() -> None:
    kept = replace(A, annotations={"reconciler/prevent-destroy": "true"})
    assert guards([], snapshot(live(kept, kept))) == ["prevent-destroy", "emptied"]
