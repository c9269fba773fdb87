"""What a plan refuses unless somebody says so, and how it says how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import ConfigError
from reconciler.model.objects import (
    Applied,
    Bystander,
    Desired,
    Live,
    ObjectKey,
    OwnerReference,
)
from reconciler.model.plan_options import DeleteLimit
from reconciler.model.plans import Action
from reconciler.model.store import Snapshot
from tests.world import (
    account,
    in_sync,
    live,
    namespace,
    owner,
    planned,
    secret,
    snapshot,
    uid_of,
    wrapped,
)

A = secret("a", {"k": "v"})
CHANGED = replace(A, data=wrapped({"k": "w"}))
SEALED = replace(A, immutable=True)
RESEALED = replace(CHANGED, immutable=True)
ALL = DeleteLimit(100, percent=True)


def guards(desired: Sequence[Desired], snapshot: Snapshot, **options: Any) -> list[str]:
    plan, _ = planned(desired, snapshot, **options)
    assert all(refusal.hint for refusal in plan.refusals)
    return [refusal.guard for refusal in plan.refusals]


def protected(desired: Desired, value: str = "true") -> Desired:
    return replace(desired, annotations={"reconciler/prevent-destroy": value})


@pytest.mark.parametrize(
    ("set_name", "adopt", "refused"),
    [
        (None, False, ["adopt"]),
        (None, True, []),
        ("other", False, ["other-set"]),
        ("other", True, ["other-set"]),
        ("default", False, []),
    ],
)
@pytest.mark.parametrize("wanted", [A, CHANGED], ids=["equal", "different"])
def test_what_is_not_ours_is_touched_on_request_and_what_is_anothers_never(
    wanted: Desired, set_name: str | None, refused: list[str], *, adopt: bool
) -> None:
    mark = None if set_name is None else Applied(set_name=set_name)
    assert guards([wanted], snapshot(live(A, mark)), adopt=adopt) == refused


def test_the_copy_of_another_sets_object_is_not_ours_to_use() -> None:
    copy = live(A, Applied(set_name="other"))
    assert guards([A], snapshot(copies=[copy]), adopt=True) == ["other-set"]
    assert guards([A], snapshot(copies=[live(A, None)])) == []


@pytest.mark.parametrize("refused", [True, False])
@pytest.mark.parametrize("way", ["option", "annotation"])
def test_a_replace_needs_a_word(way: str, *, refused: bool) -> None:
    wanted, options = RESEALED, {}
    if way == "option":
        options = {"allow_replace": not refused}
    else:
        word = "refused" if refused else "allowed"
        wanted = replace(RESEALED, annotations={"reconciler/replace": word})
    assert guards([wanted], snapshot(live(SEALED, SEALED)), **options) == ["replace"] * refused


def test_a_refused_replace_says_why_it_is_one() -> None:
    plan, _ = planned([replace(CHANGED, type="example.com/own")], snapshot(live(SEALED, SEALED)))
    (refusal,) = plan.refusals
    assert refusal.key == A.key
    for part in ("immutable and its data changes", "cannot be turned off", "its type changes"):
        assert part in refusal.message


@pytest.mark.parametrize("value", ["true", "false"])
@pytest.mark.parametrize("place", ["manifest", "store"])
def test_a_protected_object_is_not_replaced(place: str, value: str) -> None:
    wanted = protected(RESEALED, value) if place == "manifest" else RESEALED
    found = protected(SEALED, value) if place == "store" else SEALED
    refused = guards([wanted], snapshot(live(found, found)), allow_replace=True)
    assert refused == ["prevent-destroy"] * (value == "true")


def test_a_protected_object_is_not_pruned_nor_the_copy_of_one() -> None:
    kept = protected(A)
    assert guards([], snapshot(live(kept, kept)), prune=True) == ["prevent-destroy"]
    assert guards([], snapshot(copies=[live(kept, kept)]), prune=True) == ["prevent-destroy"]
    assert guards([protected(CHANGED)], snapshot(live(kept, kept))) == []


def many(count: int) -> list[Desired]:
    return [secret(f"s{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("limit", "owned", "deleted", "is_refused"),
    [
        (DeleteLimit(30, percent=True), 10, 3, False),
        (DeleteLimit(30, percent=True), 10, 4, True),
        (DeleteLimit(30, percent=True), 19, 5, False),
        (DeleteLimit(30, percent=True), 19, 6, True),
        (DeleteLimit(30, percent=True), 9, 9, False),
        (DeleteLimit(0, percent=True), 9, 1, True),
        (DeleteLimit(0, percent=True), 9, 0, False),
        (DeleteLimit(100, percent=True), 20, 20, False),
        (DeleteLimit(2, percent=False), 5, 2, False),
        (DeleteLimit(2, percent=False), 5, 3, True),
        (DeleteLimit(0, percent=False), 5, 1, True),
        (DeleteLimit(0, percent=False), 5, 0, False),
    ],
    ids=str,
)
def test_the_limit_of_deletes(
    limit: DeleteLimit, owned: int, deleted: int, *, is_refused: bool
) -> None:
    everything = many(owned)
    foreign = live(secret("not-ours"), None)
    found = snapshot(*in_sync(*everything), foreign)
    wanted = everything[deleted:]
    refused = guards(wanted, found, prune=True, max_deletes=limit)
    assert refused == ["max-deletes"] * is_refused


def test_a_percentage_is_told_with_its_sign() -> None:
    found = snapshot(*in_sync(*many(10)))
    plan, _ = planned([], found, prune=True)
    (refusal,) = plan.refusals
    assert (
        "deletes 10 of the set's 10 objects, and --max-deletes allows 30%, that is 3"
        in refusal.message
    )
    assert "--max-deletes 10" in refusal.hint


SHOP = namespace("shop")
IN_SHOP = secret("b", home="shop")
BORN = Bystander(ObjectKey("ServiceAccount", "shop", "default"), "u")


def taken_along(desired: Sequence[Desired], snapshot: Snapshot) -> list[str]:
    plan, _ = planned(desired, snapshot, prune=True, allow_replace=True, max_deletes=ALL)
    assert {refusal.guard for refusal in plan.refusals} <= {"takes-along"}
    return [refusal.message for refusal in plan.refusals]


def test_a_namespace_is_deleted_with_its_own_account_alone() -> None:
    assert taken_along([], snapshot(*in_sync(SHOP), bystanders=[BORN])) == []
    assert taken_along([], snapshot(*in_sync(SHOP, IN_SHOP), bystanders=[BORN])) == []


@pytest.mark.parametrize(
    "content",
    [
        Bystander(ObjectKey("Secret", "shop", "default"), "u"),
        Bystander(ObjectKey("ServiceAccount", "shop", "robot"), "u"),
        Bystander(ObjectKey("ServiceAccount", "shop", "default"), "u", set_name="other"),
        live(secret("c", home="shop"), None),
        live(account("default", home="shop"), None),
    ],
)
def test_a_namespace_is_not_deleted_over_what_is_in_it(content: Bystander | Live) -> None:
    lives = [content] if isinstance(content, Live) else []
    others = [content] if isinstance(content, Bystander) else []
    found = snapshot(*in_sync(SHOP), *lives, bystanders=others)
    (message,) = taken_along([], found)
    assert str(content.key) in message
    assert "Namespace/shop" in message


def test_an_object_is_not_deleted_over_what_it_owns() -> None:
    robot = account("robot")
    owned = replace(A, owners=(owner(robot, uid_of(robot.key)),))
    theirs = Bystander(ObjectKey("Secret", "default", "x"), "u", (uid_of(robot.key),))
    assert taken_along([], snapshot(*in_sync(robot, owned))) == []
    assert len(taken_along([], snapshot(*in_sync(robot), live(owned, None)))) == 1
    assert len(taken_along([], snapshot(*in_sync(robot), bystanders=[theirs]))) == 1


def test_an_account_is_not_deleted_over_its_tokens() -> None:
    robot = account("robot")
    token = replace(
        A,
        type="kubernetes.io/service-account-token",
        annotations={"kubernetes.io/service-account.name": "robot"},
    )
    assert taken_along([], snapshot(*in_sync(robot, token))) == []
    plan, _ = planned([], snapshot(*in_sync(robot, token)), prune=True, targets=(robot.key,))
    assert [refusal.guard for refusal in plan.refusals] == ["takes-along"]


def test_an_owner_is_not_replaced_under_what_it_owns() -> None:
    owned = secret("b", owners=(OwnerReference("v1", "Secret", "a", uid_of(A.key)),))
    found = snapshot(*in_sync(SEALED, owned))
    assert len(taken_along([RESEALED, owned], found)) == 1
    assert taken_along([RESEALED], snapshot(*in_sync(SEALED))) == []


def test_only_what_the_set_owns_is_pruned_and_only_on_request() -> None:
    found = snapshot(
        *in_sync(A), live(secret("b"), None), live(secret("c"), Applied(set_name="other"))
    )
    pruned, _ = planned([], found, prune=True)
    assert {change.key.name: change.action for change in pruned.changes} == {"a": Action.DELETE}
    kept, _ = planned([], found)
    assert kept.changes == ()
    assert [note.code for note in kept.notices] == ["left-manifests"]
    assert str(A.key) in kept.notices[0].message


@pytest.mark.parametrize("options", [{"prune": True}, {"destroy": True}, {}])
def test_a_namespace_that_no_server_deletes_stays_and_is_told_of(options: dict[str, bool]) -> None:
    found = snapshot(*in_sync(namespace("kube-system"), namespace("mine")))
    plan, _ = planned([], found, max_deletes=DeleteLimit(9, percent=False), **options)
    assert [str(change.key) for change in plan.changes] == ["Namespace/mine"] * bool(options)
    assert "namespace-lasts" in {note.code for note in plan.notices}
    told = [note.message for note in plan.notices if "kube-system" in note.message]
    assert told
    assert not any("--prune" in message for message in told)


def test_a_lasting_namespace_that_is_gone_all_the_same_is_forgotten() -> None:
    gone = namespace("kube-public").key
    plan, _ = planned([], snapshot(vanished=frozenset({gone})), prune=True)
    assert [change.key for change in plan.changes] == [gone]


def test_targets_bring_along_what_they_need_and_nothing_else() -> None:
    needed, apart = secret("n", home="shop"), secret("apart")
    wanted = secret("w", home="shop", owners=(owner(needed),))
    everything = [wanted, needed, SHOP, apart]
    found = snapshot(*in_sync(secret("left"), secret("gone")))
    plan, _ = planned(everything, found, targets=(wanted.key, secret("left").key), prune=True)
    assert {str(change.key) for change in plan.changes} == {
        "Namespace/shop",
        "Secret/shop/n",
        "Secret/shop/w",
        "Secret/default/left",
    }


def test_a_target_that_nobody_knows_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigError) as caught:
        planned([A], targets=(A.key, secret("typo").key))
    assert "Secret/default/typo" in caught.value.message
    assert "Secret/default/a" not in caught.value.message
    assert caught.value.hint
