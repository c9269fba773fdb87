"""What an apply says has moved since its plan was saved: a line for each object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler import planfile
from reconciler.model.fingerprints import Fingerprinter, derive_fingerprint_key
from reconciler.model.objects import Applied, Bystander, Desired, Live, ObjectKey
from reconciler.model.plan_options import DeleteLimit
from reconciler.model.plans import StoreIdentity
from reconciler.model.store import Snapshot
from reconciler.planning import planner
from tests.world import (
    FINGERPRINTS,
    IN_HAND,
    in_sync,
    live,
    namespace,
    planned,
    secret,
    snapshot,
    stale_lines,
    wrapped,
)

A = secret("a", {"k": "v"})
CHANGED = replace(A, data=wrapped({"k": "w"}))
OTHER = replace(A, data=wrapped({"k": "x"}))
OPTIONS: dict[str, Any] = {"prune": True, "max_deletes": DeleteLimit(100, percent=True)}


def saved_for(desired: Sequence[Desired], snapshot: Snapshot) -> planfile.SavedPlan:
    plan, _ = planned(desired, snapshot, **OPTIONS)
    return planfile.saved_plan(plan, ("manifests",), "", FINGERPRINTS)


def lines(
    before: tuple[Sequence[Desired], Snapshot], after: tuple[Sequence[Desired], Snapshot]
) -> tuple[str, ...]:
    fresh, _ = planned(*after, **OPTIONS)
    return stale_lines(saved_for(*before), fresh, FINGERPRINTS)


def later(live: Live, **content: Any) -> Live:
    return replace(live, resource_version="8", **content)


EMPTY = snapshot()
(OLD,) = in_sync(A)
STORED = snapshot(OLD)
RIVAL = snapshot(later(OLD, data=wrapped({"k": "theirs"})))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (([CHANGED], STORED), ([CHANGED], STORED), ""),
        (([A], STORED), ([A], snapshot(later(OLD, labels={"foreign": "x"}))), ""),
        (([CHANGED], STORED), ([OTHER], STORED), "its manifest changed"),
        (([A], EMPTY), ([OTHER], EMPTY), "its manifest changed"),
        (([A], STORED), ([CHANGED], STORED), "its manifest changed"),
        (([CHANGED], STORED), ([A], STORED), "its manifest changed"),
        (([], STORED), ([CHANGED], STORED), "its manifest changed"),
        (([CHANGED], STORED), ([CHANGED], RIVAL), "changed in the store"),
        (([A], STORED), ([A], RIVAL), "changed in the store"),
        (([CHANGED], STORED), ([CHANGED], EMPTY), "gone from the store"),
        (([A], STORED), ([A], EMPTY), "gone from the store"),
        (([A], EMPTY), ([A], STORED), "created in the store"),
        (([A], EMPTY), ([A], RIVAL), "created in the store"),
        (([A], EMPTY), ([A], snapshot(copies=[OLD])), "changed in the store"),
        (([A], snapshot(copies=[OLD])), ([A], EMPTY), "changed in the store"),
        (([A], EMPTY), ([], EMPTY), "in neither the manifests nor the set any more"),
        (([], STORED), ([], EMPTY), "in neither the manifests nor the set any more"),
        (([], EMPTY), ([A], EMPTY), "not in the plan, but needs a create now"),
        (([], EMPTY), ([], STORED), "not in the plan, but needs a delete now"),
    ],
)
def test_each_movement_has_its_words(before: Any, after: Any, told: str) -> None:
    assert lines(before, after) == ((f"Secret/default/a: {told}",) if told else ())


def test_every_object_that_moved_has_a_line_in_order() -> None:
    b, c = secret("b"), secret("c")
    assert lines(([A, b, c], EMPTY), ([OTHER, b, replace(c, immutable=True)], EMPTY)) == (
        "Secret/default/a: its manifest changed",
        "Secret/default/c: its manifest changed",
    )


def test_the_order_of_a_manifest_is_no_movement() -> None:
    one, other = secret("a", {"k": "v", "l": "w"}), secret("a", {"l": "w", "k": "v"})
    assert lines(([one], EMPTY), ([other], EMPTY)) == ()
    assert lines(([one], STORED), ([other], STORED)) == ()


def test_another_store_is_another_store() -> None:
    elsewhere = replace(EMPTY, identity=StoreIdentity("test", "two", "there"))
    assert lines(([A], EMPTY), ([A], elsewhere)) == ("the plan was made for another store, ",)
    moved_house = replace(EMPTY, identity=StoreIdentity("test", "one", "there"))
    assert lines(([A], EMPTY), ([A], moved_house)) == ()


def test_a_store_that_did_not_exist_is_known_by_its_place() -> None:
    unborn = replace(EMPTY, identity=StoreIdentity("test", "", "here"))
    born: dict[str, Any] = {"identity": StoreIdentity("test", "one", "here")}
    assert lines(([A], unborn), ([A], replace(EMPTY, **born))) == ()
    rival = lines(([A], unborn), ([A], replace(RIVAL, **born)))
    assert rival == ("Secret/default/a: created in the store",)
    for other in (StoreIdentity("test", "one", "there"), StoreIdentity("else", "", "here")):
        found = lines(([A], unborn), ([A], replace(EMPTY, identity=other)))
        assert found == ("the plan was made for another store, here",)


def test_another_key_of_fingerprints_is_told_and_shapes_are_compared_still() -> None:
    other = Fingerprinter(b"o" * 32)

    def fresh(*desired: Desired) -> tuple[str, ...]:
        found = replace(EMPTY, fingerprint_key=other.key)
        plan, _ = planner.plan(desired, found, saved.plan.options, other)
        return stale_lines(saved, plan, other)

    saved = saved_for([A], EMPTY)
    key_line = "the store's fingerprint key is not the one that the plan was made with"
    assert fresh(A) == (key_line,)
    assert fresh(secret("a", {"l": "v"})) == (key_line, "Secret/default/a: its manifest changed")


def salted(*desired: Desired, salt: str = "00") -> Fingerprinter:
    values = [value for resource in desired for value in resource.data.values()]
    return Fingerprinter(derive_fingerprint_key(values, bytes.fromhex(salt)))


def test_a_salted_plan_is_held_against_the_values_it_was_made_from() -> None:
    unborn = snapshot(fingerprint_key=None, identity=StoreIdentity("test", ""))
    plan, _ = planner.plan([A], unborn, IN_HAND, salted(A))
    saved = planfile.saved_plan(plan, (), "00", salted(A))

    def fresh(desired: Desired, snapshot: Snapshot) -> tuple[str, ...]:
        key = salted(desired)
        return stale_lines(saved, planner.plan([desired], snapshot, IN_HAND, key)[0], key)

    assert fresh(A, unborn) == ()
    assert fresh(A, EMPTY) == ()
    assert fresh(CHANGED, unborn) == ("values in the manifests have changed since the plan",)


def test_new_problems_are_movements_and_old_ones_are_none() -> None:
    inside = secret("a", home="shop")
    shop = snapshot(live(namespace("shop"), None))
    (line,) = lines(([inside], shop), ([inside], EMPTY))
    assert line.startswith("Secret/shop/a: neither the manifests nor the store hold")
    assert lines(([inside], EMPTY), ([inside], EMPTY)) == ()


def test_what_a_guard_has_against_it_only_now_is_a_movement() -> None:
    shop = in_sync(namespace("shop"))
    newcomer = Bystander(ObjectKey("Secret", "shop", "precious"), "u")
    (line,) = lines(([], snapshot(*shop)), ([], snapshot(*shop, bystanders=[newcomer])))
    assert "Secret/shop/precious" in line
    rival = snapshot(live(A, Applied(set_name="other")))
    assert len(lines(([A], EMPTY), ([A], rival))) == 2
