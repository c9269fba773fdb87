"""Who uses what a plan changes, and what a plan therefore refuses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.consumers import Consumer, Way
from reconciler.model.objects import Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Plan
from reconciler.model.store import Snapshot
from reconciler.planning import planner
from reconciler.planning.consumers import named_users
from reconciler.planning.listing import graph, listing
from reconciler.planning.reach import Reach, reach_of
from tests.world import (
    FINGERPRINTS,
    SET,
    account,
    in_sync,
    live,
    secret,
    snapshot,
    wrapped,
)

A = secret("a", {"k": "v", "l": "v"})


def user(name: str = "web", key: str = "", **how: Any) -> Consumer:
    return Consumer("Deployment", "default", name, **{"secret": A.key, "key": key, **how})


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    manifests: Sequence[Consumer] = (),
    **options: Any,
) -> Plan:
    made, _ = planner.plan(
        desired,
        snapshot,
        PlanOptions(allow_empty=True, **options),
        FINGERPRINTS,
        consumers=manifests,
    )
    return made


def names(consumers: Iterable[Consumer]) -> list[str]:
    return sorted({one.name for one in consumers})


def with_data(desired: Desired, **values: str) -> Desired:
    return replace(desired, data=wrapped(values))


USERS = (
    user("whole"),
    user("of-k", "k"),
    user("of-l", "l"),
    user("of-b", secret=secret("b").key),
)


def test_a_changed_key_tells_who_uses_it() -> None:
    found = snapshot(*in_sync(A), consumers=USERS)
    (change,) = plan([with_data(A, k="w", l="v")], found).changes
    assert names(change.consumers) == ["of-k", "whole"]
    (change,) = plan([replace(A, labels={"app": "x"})], found).changes
    assert change.consumers == ()
    (change,) = plan([A], found).changes
    assert change.consumers == ()


WAYS = {
    Way.VARIABLE: (Reach.RESTART, Reach.NAME),
    Way.SUB_PATH: (Reach.RESTART, Reach.NAME),
    Way.VOLUME: (Reach.SYNC, Reach.NAME),
    Way.PULL: (Reach.PULL, Reach.NAME),
    Way.ACCOUNT: (Reach.PULL, Reach.NAME),
    Way.DRIVER: (Reach.MOUNT, Reach.MOUNT),
    Way.OTHER: (Reach.UNKNOWN, Reach.UNKNOWN),
}
"""When an update reaches a user, and when the replace of an immutable Secret does."""


@pytest.mark.parametrize("way", [*Way])
def test_when_a_change_reaches_a_user_depends_on_how_it_uses_the_secret(way: Way) -> None:
    updated, replaced = WAYS[way]
    using = user(way=way)
    changed = wrapped({"k": "w", "l": "v"})
    for before, wanted, reach in (
        (A, replace(A, data=changed), updated),
        (A, replace(A, data=changed, type="example.com/other"), updated),
        (replace(A, immutable=True), replace(A, data=changed, immutable=True), replaced),
        (replace(A, immutable=True), A, replaced),
    ):
        (change,) = plan([wanted], snapshot(*in_sync(before), consumers=(using,))).changes
        assert reach_of(change, *change.consumers) is reach, change.reasons
    (change,) = plan([], snapshot(*in_sync(A), consumers=(using,)), prune=True).changes
    assert reach_of(change, *change.consumers) is Reach.UNKNOWN


def test_a_replace_and_a_delete_tell_of_all_users() -> None:
    sealed = replace(A, immutable=True)
    found = snapshot(*in_sync(sealed), consumers=USERS)
    (change,) = plan([replace(sealed, data=wrapped({"k": "w"}))], found).changes
    assert names(change.consumers) == ["of-k", "of-l", "whole"]
    (change,) = plan([], found, prune=True).changes
    assert names(change.consumers) == ["of-k", "of-l", "whole"]


@pytest.mark.parametrize("live_user", [True, False])
@pytest.mark.parametrize(
    ("using", "refused"),
    [
        (user(), True),
        (user(key="k"), True),
        (user(key="gone-already"), True),
        (user(optional=True), False),
        (user(secret=secret("b").key), False),
    ],
)
def test_what_is_required_is_not_deleted(
    using: Consumer, *, refused: bool, live_user: bool
) -> None:
    found = snapshot(*in_sync(A), consumers=(using,) if live_user else None)
    manifests = () if live_user else (replace(using, manifest="web.yaml:3"),)
    made = plan([], found, manifests, prune=True)
    assert [refusal.guard for refusal in made.refusals] == ["consumers"] * refused
    assert plan([], found, manifests, prune=True, force_consumers=True).refusals == ()
    if refused:
        assert "Deployment/default/web" in made.refusals[0].message
        assert made.refusals[0].key == A.key
        assert "--force-consumers" in made.refusals[0].hint


@pytest.mark.parametrize(
    ("using", "refused"),
    [
        (user(key="l"), True),
        (user(key="k"), False),
        (user(), False),
        (user(key="l", optional=True), False),
    ],
)
@pytest.mark.parametrize("immutable", [True, False])
def test_a_key_that_is_required_is_not_removed(
    using: Consumer, *, refused: bool, immutable: bool
) -> None:
    before = replace(A, immutable=immutable)
    found = snapshot(*in_sync(before), consumers=(using,))
    made = plan([with_data(before, k="v")], found, allow_replace=True)
    assert [refusal.guard for refusal in made.refusals] == ["consumers"] * refused
    if refused:
        assert "the key 'l' of Secret/default/a" in made.refusals[0].message


def test_an_object_counts_as_its_manifest_has_it() -> None:
    found = snapshot(*in_sync(A), consumers=(user("web"),))
    moved = user("web", secret=secret("b").key, manifest="web.yaml:3")
    assert plan([], found, [moved], prune=True).refusals == ()
    assert len(plan([], found, [replace(moved, name="other")], prune=True).refusals) == 1


def test_accounts_are_users_and_those_that_go_as_well_require_nothing() -> None:
    robot = account("robot", settings={"imagePullSecrets": [{"name": "a"}]})
    found = snapshot(*in_sync(A, robot))
    assert [one.guard for one in plan([robot], found, prune=True).refusals] == ["consumers"]
    assert plan([], found, prune=True).refusals == ()
    lister = account("robot", settings={"secrets": [{"name": "a"}]})
    assert plan([lister], snapshot(*in_sync(A, lister)), prune=True).refusals == ()
    elsewhere = account("robot", settings={"imagePullSecrets": [{"name": "b"}]})
    assert plan([elsewhere], found, prune=True).refusals == ()


def test_a_saved_plan_is_the_same_whoever_uses_its_objects() -> None:
    changed = [with_data(A, k="w", l="v")]
    first = plan(changed, snapshot(*in_sync(A), consumers=()))
    second = plan(changed, snapshot(*in_sync(A), consumers=USERS))
    assert first == second
    assert first.changes[0].consumers != second.changes[0].consumers


def test_few_are_named_and_the_others_counted() -> None:
    users = [user(f"u{number}", key) for number in range(7) for key in ("k", "l")]
    assert named_users(users[:2]) == "Deployment/default/u0"
    assert named_users(users[:10]).count("Deployment") == 5
    assert named_users(users) == f"{named_users(users[:10])} and 2 more"


def test_consumers_are_asked_for_on_request() -> None:
    assert planner.scope([], PlanOptions(consumers=True)).consumers
    assert not planner.scope([], PlanOptions()).consumers


def test_a_listing_has_the_consumers_of_the_store() -> None:
    robot = account("robot", settings={"secrets": [{"name": "a"}]})
    found = listing(snapshot(*in_sync(A), live(robot, None), consumers=USERS), SET)
    (one,) = found.objects
    assert [str(key) for key in one.consumers] == [
        "Deployment/default/of-k",
        "Deployment/default/of-l",
        "Deployment/default/whole",
        "ServiceAccount/default/robot",
    ]


def test_a_graph_has_the_consumers_of_what_it_holds() -> None:
    found = graph([A], USERS)
    assert [(str(edge.dependent), str(edge.needed), edge.what) for edge in found.edges] == [
        (f"Deployment/default/{name}", "Secret/default/a", "uses")
        for name in ("of-k", "of-l", "whole")
    ]
    assert [node.key for node in found.nodes] == [A.key]
