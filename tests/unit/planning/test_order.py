from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from reconciler.model.objects import Desired, ObjectKey
from reconciler.model.plans import Action, Plan
from reconciler.planning import order
from tests.world import (
    account,
    depends_on,
    in_sync,
    live,
    namespace,
    owner,
    planned,
    secret,
    snapshot,
    uid_of,
)

SHOP = namespace("shop")
ROBOT = account("robot", home="shop")


def in_shop(name: str, *needed: Desired) -> Desired:
    return secret(name, home="shop", annotations=depends_on(*needed) if needed else {})


def waves(plan: Plan) -> dict[str, int]:
    return {step.key.name: step.wave for step in plan.steps}


def test_kinds_come_in_order() -> None:
    plan, _ = planned([in_shop("a"), ROBOT, SHOP])
    assert waves(plan) == {"shop": 0, "robot": 1, "a": 2}
    assert {step.key.name: step.after for step in plan.steps} == {
        "shop": (),
        "robot": (SHOP.key,),
        "a": (SHOP.key,),
    }


def test_what_depends_on_nothing_shares_a_wave() -> None:
    plan, _ = planned([secret("a"), secret("b")])
    assert waves(plan) == {"a": 0, "b": 0}


def test_a_token_comes_after_its_account_and_an_object_after_its_owner() -> None:
    token = secret(
        "token",
        home="shop",
        type="kubernetes.io/service-account-token",
        annotations={"kubernetes.io/service-account.name": "robot"},
    )
    owned = replace(in_shop("a"), owners=(owner(token),))
    plan, _ = planned([owned, token, ROBOT, SHOP])
    after = {step.key.name: {key.name for key in step.after} for step in plan.steps}
    assert after["token"] == {"robot", "shop"}
    assert after["a"] == {"token", "shop"}
    assert waves(plan)["token"] < waves(plan)["a"]


def test_order_holds_across_objects_that_do_not_change() -> None:
    first, middle = in_shop("z"), in_shop("m", in_shop("z"))
    last = in_shop("a", middle)
    plan, _ = planned([last, middle, first, SHOP], snapshot(*in_sync(SHOP, middle)))
    assert waves(plan) == {"z": 0, "a": 1}
    assert {step.key.name: step.after for step in plan.steps} == {"z": (), "a": ()}


def test_deletes_run_in_the_reverse_and_after_all_else() -> None:
    first, last = in_shop("z"), in_shop("a", in_shop("z"))
    found = snapshot(*in_sync(SHOP, ROBOT, first, last))
    plan, _ = planned([secret("new")], found, prune=True)
    assert waves(plan) == {"new": 0, "a": 1, "z": 2, "robot": 3, "shop": 4}
    after = {step.key.name: {key.name for key in step.after} for step in plan.steps}
    assert after == {
        "new": set(),
        "a": set(),
        "z": {"a"},
        "robot": set(),
        "shop": {"a", "z", "robot"},
    }


def test_a_cycle_is_named_edge_by_edge() -> None:
    a, b, c = (in_shop(name) for name in "abc")
    cycle = [in_shop("a", b), in_shop("b", c), in_shop("c", a), in_shop("d", a), SHOP]
    plan, _ = planned(cycle)
    (problem,) = plan.problems
    assert problem.code == "dependency-cycle"
    assert problem.message.endswith(
        "Secret/shop/a needs Secret/shop/b, Secret/shop/b needs Secret/shop/c, "
        "Secret/shop/c needs Secret/shop/a"
    )
    assert problem.source == a.source
    assert plan.steps == ()
    assert len(plan.changes) == 5


def test_an_object_that_waits_for_itself_is_a_cycle() -> None:
    plan, _ = planned([secret("a", annotations=depends_on(secret("a")))])
    assert [problem.message for problem in plan.problems] == [
        "objects depend on each other in a cycle: Secret/default/a needs Secret/default/a"
    ]


def test_a_cycle_among_what_is_pruned_is_told_though_no_manifest_has_it() -> None:
    a = secret("a", annotations=depends_on(secret("b")))
    b = secret("b", annotations=depends_on(secret("a")))
    plan, _ = planned([], snapshot(*in_sync(a, b)), prune=True)
    (problem,) = plan.problems
    assert "Secret/default/a needs Secret/default/b" in problem.message
    assert plan.steps == ()


def test_steps_of_a_wave_are_in_the_order_of_their_keys() -> None:
    keys = [ObjectKey("Secret", "", name) for name in ("c", "a", "b", "e", "d")]
    actions = dict(zip(keys, [*[Action.CREATE] * 3, *[Action.DELETE] * 2], strict=True))
    steps = order.steps(actions, {}, {})
    assert [(step.wave, step.key.name) for step in steps] == [
        (0, "a"),
        (0, "b"),
        (0, "c"),
        (1, "d"),
        (1, "e"),
    ]


def test_long_chains_are_ordered() -> None:
    keys = [ObjectKey("Secret", "", f"{number:05}") for number in range(3000)]
    needs = {key: [before] for before, key in itertools.pairwise(keys)}
    steps = order.steps(dict.fromkeys(keys, Action.CREATE), needs, {})
    assert [step.key for step in steps] == keys
    assert [step.wave for step in steps] == list(range(3000))
    gone = order.steps(dict.fromkeys(keys, Action.DELETE), {}, needs)
    assert [step.key for step in gone] == keys[::-1]


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("/namespaces/shop/Secret/a", True),
        ("/Namespace/shop", True),
        (" /namespaces/shop/Secret/a , /Namespace/shop", True),
        ("", False),
        ("Secret/a", False),
        ("/namespaces/shop/Secret", False),
        ("apps/namespaces/shop/Deployment/a", False),
        ("/namespaces/shop/Secret/a,", False),
    ],
)
def test_depends_on_is_read_as_it_is_written_elsewhere(text: str, *, is_valid: bool) -> None:
    one = secret("b", home="shop", annotations={"config.kubernetes.io/depends-on": text})
    plan, _ = planned([in_shop("a"), one, SHOP])
    codes = [problem.code for problem in plan.problems]
    assert codes == ([] if is_valid else ["depends-on-invalid"])
    if "Secret/a" in text and is_valid:
        assert waves(plan)["a"] < waves(plan)["b"]


TOKEN = secret(
    "token",
    type="kubernetes.io/service-account-token",
    annotations={"kubernetes.io/service-account.name": "robot"},
)


@pytest.mark.parametrize(
    ("desired", "missing"),
    [
        (in_shop("a"), "the namespace shop"),
        (TOKEN, "ServiceAccount ServiceAccount/default/robot"),
        (secret("a", owners=(owner(secret("b"), "u"),)), "owner Secret/default/b"),
        (secret("a", annotations=depends_on(secret("b"))), "dependency Secret/default/b"),
        (secret("a", annotations={"config.kubernetes.io/depends-on": "/Secret/b"}), "Secret/b"),
    ],
)
def test_what_is_pointed_at_must_be_somewhere(desired: Desired, missing: str) -> None:
    (problem,) = planned([desired])[0].problems
    assert problem.code == "reference-unknown"
    assert missing in problem.message
    assert problem.object == str(desired.key)


def test_what_the_manifests_or_the_store_hold_is_known() -> None:
    known: Sequence[Desired] = [SHOP, account("robot"), secret("b")]
    using = [
        in_shop("a"),
        TOKEN,
        secret("c", owners=(owner(secret("b"), uid_of(secret("b").key)),)),
    ]
    assert planned([*known, *using])[0].problems == ()
    assert planned(using, snapshot(*(live(one, None) for one in known)))[0].problems == ()


def test_what_this_very_plan_deletes_is_not_known() -> None:
    found = snapshot(*in_sync(SHOP))
    assert planned([in_shop("a")], found)[0].problems == ()
    plan, _ = planned([in_shop("a")], found, prune=True)
    assert [problem.code for problem in plan.problems] == ["reference-unknown"]


def test_an_owner_that_no_store_holds_is_taken_at_the_manifests_word() -> None:
    deployed = replace(owner(secret("web"), "u"), api_version="apps/v1", kind="Deployment")
    assert planned([secret("a", owners=(deployed,))])[0].problems == ()


def test_missing_namespaces_are_one_problem() -> None:
    homeless = [secret("a", home=f"n{number}") for number in range(8)]
    homeless.append(secret("b", home="n3"))
    (problem,) = planned(homeless)[0].problems
    assert problem.code == "reference-unknown"
    assert problem.message.startswith("neither the manifests nor the store hold 8 namespaces: ")
    for number in range(8):
        assert f"Namespace/n{number} (manifests/all.yaml:1" in problem.message
    assert problem.message.count(" and 1 more)") == 1
    assert "kind: Namespace, metadata: {name: n0}" in problem.hint


def test_a_single_missing_namespace_is_named_once() -> None:
    (problem,) = planned([secret("a", home="n"), secret("b", home="n"), secret("c", home="n")])[
        0
    ].problems
    assert problem.message == (
        "neither the manifests nor the store hold the namespace n (3 objects name it)"
    )
    (problem,) = planned([secret("a", home="n")])[0].problems
    assert problem.message == "neither the manifests nor the store hold the namespace n"
    assert "add the manifest {apiVersion: v1, kind: Namespace" in problem.hint
