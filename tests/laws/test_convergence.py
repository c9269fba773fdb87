"""An apply makes live equal desired, and whatever interrupts it, the next one ends its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import StoreUnavailable
from reconciler.execution.retries import RetryPolicy
from reconciler.model.events import Outcome
from reconciler.model.fields import DATA, Fields, flatten, owner_key
from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import Desired, Live, ObjectKey
from reconciler.model.plans import Action, FieldPath
from reconciler.model.store import Capability
from reconciler.planning import planner
from reconciler.planning.naming import origin
from tests.laws.conftest import NewWorld
from tests.laws.strategies import desired_sets, meddlings
from tests.world import IN_HAND, Faulty, Killed, World


def _live_objects(world: World, desired: Sequence[Desired]) -> Mapping[ObjectKey, Live]:
    return world.truth.read(planner.scope(desired, IN_HAND)).objects


def _live_of(found: Mapping[ObjectKey, Live], desired: Desired) -> Live:
    if desired.name:
        versions = [live for live in found.values() if live.applied and origin(live) == desired.key]
        wanted = flatten(desired)
        return max(versions, key=lambda live: _common(flatten(live), wanted))
    (made,) = (
        live
        for live in found.values()
        if live.generate_name == desired.generate_name and live.namespace == desired.namespace
    )
    return made


def _common(have: Fields, wanted: Fields) -> int:
    return sum(path in have and have[path] == leaf for path, leaf in wanted.items())


def assert_as_desired(world: World, desired: Sequence[Desired], *, old: bool = False) -> None:
    """Everything that a manifest says holds, and the set owns nothing else but `old` versions."""
    lives = _live_objects(world, desired)
    live_of = {id(resource): _live_of(lives, resource) for resource in desired}
    owned = {key for key, live in lives.items() if live.applied}
    current = {live.key for live in live_of.values()}
    written = {resource.key for resource in desired if resource.name}
    versions = {key for key in owned if old and origin(lives[key]) in written}
    assert current <= owned <= current | versions
    for resource in desired:
        live = live_of[id(resource)]
        steering = lifecycle(resource)
        assert live.applied is not None
        have = flatten(live)
        owners = tuple(
            replace(owner, uid=lives[owner_key(owner, resource.namespace)].uid)
            for owner in resource.owners
        )
        for path, leaf in flatten(replace(resource, owners=owners)).items():
            if path[0] == DATA and steering.ignores(path[1]):
                continue
            if path[0] == "metadata" and Capability.METADATA not in world.store.capabilities:
                continue
            assert have[path] == leaf
        if steering.exact_data:
            extra = live.data.keys() - resource.data.keys()
            assert all(steering.ignores(key) for key in extra)
    assert world.look().copies == {}


Kept = Mapping[tuple[ObjectKey, FieldPath], object]


def foreign_fields(world: World, desired: Sequence[Desired]) -> Kept:
    """What others own in objects that the manifests name, and what is to stay therefore."""
    lives = _live_objects(world, desired)
    unread = Capability.READ_VALUES not in world.store.capabilities
    kept = {}
    for resource in desired:
        live = lives.get(resource.key)
        if live is None:
            continue
        claimed = live.applied.fields if live.applied else {}
        steering = lifecycle(resource)
        for path, leaf in flatten(live).items():
            # What is not data stays with the version that others gave it to; so does what the
            # store gives to nobody, and its plan says that such values are lost.
            stays = steering.versioned and (path[0] != DATA or unread)
            gone = stays or (steering.exact_data and path[0] == DATA)
            if path not in flatten(resource) and path not in claimed and not gone:
                kept[resource.key, path] = leaf
    return kept


def assert_kept(world: World, kept: Kept, *, in_copies: bool = False) -> None:
    snapshot = world.look(*(key for key, _ in kept))
    held = {**(snapshot.copies if in_copies else {}), **snapshot.objects}
    for (key, path), leaf in kept.items():
        versions = [live for live in held.values() if key in {live.key, origin(live)}]
        assert leaf in [flatten(live).get(path) for live in versions]


Sets = Callable[[], st.SearchStrategy[list[Desired]]]


def _meddled(world: World, data: st.DataObject, sets: Sets) -> list[Desired]:
    """A world with a past, and the manifests that are wanted now."""
    first = data.draw(sets(), label="first")
    world.apply(first)
    metadata = Capability.METADATA in world.store.capabilities
    for act in data.draw(meddlings(first, metadata=metadata), label="meddling"):
        act(world)
    return data.draw(sets(), label="wanted")


def converges(world: World, data: st.DataObject, sets: Sets = desired_sets) -> None:
    """The first law, in a world of any store that can hold what `sets` makes."""
    wanted = _meddled(world, data, sets)
    kept = foreign_fields(world, wanted)
    forced = data.draw(st.booleans(), label="whatever uses it")
    options = replace(IN_HAND, force_consumers=forced, force_foreign=forced)
    plan, _, _ = world.plan(wanted, options)
    assert plan.problems == ()
    if plan.refusals:
        guards = {"takes-along"} if forced else {"takes-along", "consumers", "foreign-keys"}
        assert {refusal.guard for refusal in plan.refusals} <= guards
        return
    ended = world.apply(wanted, options, parallelism=data.draw(st.integers(1, 3)))
    assert {result.message for result in ended.results} <= {""}
    assert ended.count(Outcome.APPLIED) == len(plan.steps)
    again, _, _ = world.plan(wanted, options)
    assert again.pending == ()
    assert_as_desired(world, wanted, old=not forced)
    assert_kept(world, kept)


@given(data=st.data())
@settings(max_examples=150)
def test_an_apply_makes_live_equal_desired_and_the_next_plan_empty(
    new_world: NewWorld, data: st.DataObject
) -> None:
    with new_world() as world:
        converges(world, data)


FAULTS: dict[str, Any] = {
    "killed": Killed,
    "broken": RuntimeError,
    "unavailable": StoreUnavailable("the store is away"),
}


def survives(world: World, fault: str, data: st.DataObject, sets: Sets = desired_sets) -> None:
    """The second law, likewise."""
    wanted = _meddled(world, data, sets)
    kept = foreign_fields(world, wanted)
    plan, _, _ = world.plan(wanted)
    if plan.refusals or not plan.steps:
        return
    writes = sum(3 if step.action is Action.REPLACE else 1 for step in plan.steps)
    struck = data.draw(st.integers(1, writes), label="call")  # call 0 reads the fingerprint key
    late = data.draw(st.booleans(), label="after it has happened")

    once = data.draw(st.booleans(), label="once")

    def strike(number: int, _name: str, *, happened: bool) -> None:
        last = struck if once else writes * 2
        if struck <= number <= last and happened is (late and number == struck):
            raise FAULTS[fault]

    faulty = Faulty(world.store, strike)
    retries = RetryPolicy(attempts=data.draw(st.integers(1, 2), label="tries"), first_delay=0.0)
    try:
        world.apply(wanted, store=faulty, retries=retries)
    except Killed:
        assert fault == "killed"
    else:
        # A call that the store itself refuses has no afterwards in which to be struck.
        assert fault != "killed" or late or len(faulty.calls) <= struck
    assert_kept(world, kept, in_copies=True)
    again, _, _ = world.plan(wanted)
    assert again.problems == again.refusals == ()
    ended = world.apply(wanted)
    assert {result.message for result in ended.results} <= {""}
    assert world.plan(wanted)[0].pending == ()
    assert_as_desired(world, wanted)
    assert_kept(world, kept)


@pytest.mark.parametrize("fault", FAULTS)
@given(data=st.data())
@settings(max_examples=60)
def test_whatever_call_fails_a_second_run_converges_and_nothing_is_lost(
    new_world: NewWorld, fault: str, data: st.DataObject
) -> None:
    with new_world() as world:
        survives(world, fault, data)
