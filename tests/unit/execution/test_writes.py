"""Writes whose answer is lost, and names that are drawn, on a real store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ObjectExists, StoreUnavailable
from reconciler.execution.retries import RetryPolicy
from reconciler.model.events import ApplyEnded, Outcome, StepEnded
from reconciler.model.objects import Desired
from reconciler.model.plans import Action
from tests.world import Faulty, World, owner, run, secret, wrapped

AT_ONCE = RetryPolicy(attempts=3, first_delay=0.0)
FREE = secret("a", {"k": "v"}, labels={"app": "shop"})
SEALED = replace(FREE, immutable=True)
NAMELESS = replace(FREE, key=FREE.key._replace(name=""), generate_name="job-")


def lost(
    world: World, method: str, meanwhile: Callable[[], object] | None = None, *, happened: bool
) -> Faulty:
    """The world's store, which loses the answer of the first call of `method`."""
    seen: list[str] = []

    def strike(_number: int, name: str, **when: bool) -> None:
        if name == method and when["happened"] is happened and not seen:
            seen.append(name)
            if meanwhile is not None:
                meanwhile()
            raise StoreUnavailable("away")

    return Faulty(world.store, strike)


def applied(world: World, *desired: Desired, store: Any) -> ApplyEnded:
    return run(world.work(desired, store=store, retries=AT_ONCE))


def the_one(ended: ApplyEnded) -> Any:
    (result,) = ended.results
    return result


CHANGES = {
    Action.CREATE: (None, FREE, "create"),
    Action.UPDATE: (FREE, replace(FREE, labels={}, data=wrapped({"k": "w"})), "update"),
    Action.DELETE: (FREE, None, "delete"),
    Action.REPLACE: (SEALED, replace(SEALED, data=wrapped({"k": "w"})), "create"),
}


@pytest.mark.parametrize("action", CHANGES)
@pytest.mark.parametrize("happened", [True, False])
def test_a_write_whose_answer_is_lost_is_made_once(
    world: World, action: Action, *, happened: bool
) -> None:
    before, after, method = CHANGES[action]
    if before is not None:
        world.apply([before])
    store = lost(world, method, happened=happened)
    result = the_one(applied(world, *([after] if after else []), store=store))
    assert (result.step.action, result.outcome) == (action, Outcome.APPLIED), result
    assert store.calls.count(method) == 2
    # A create or an update that has not happened is not refused the second time.
    assert store.calls.count("look") == happened
    assert world.plan([after] if after else [])[0].pending == ()
    assert world.look(FREE.key).copies == {}


def test_a_replace_whose_delete_is_not_answered_goes_on_from_the_copy(world: World) -> None:
    before, after, _ = CHANGES[Action.REPLACE]
    assert before is not None
    assert after is not None
    world.apply([before])
    store = lost(world, "delete", happened=True)
    assert the_one(applied(world, after, store=store)).outcome is Outcome.APPLIED
    assert world.plan([after])[0].pending == ()
    assert world.look(FREE.key).copies == {}


def test_a_replace_whose_object_somebody_else_deletes_meanwhile_fails(world: World) -> None:
    before, after, _ = CHANGES[Action.REPLACE]
    assert before is not None
    assert after is not None
    world.apply([before])
    store = lost(world, "delete", lambda: world.remove(before), happened=False)
    result = the_one(applied(world, after, store=store))
    assert result.outcome is Outcome.FAILED
    assert "does not exist" in result.message


def test_an_object_of_somebody_else_is_not_taken_for_a_lost_create(world: World) -> None:
    for theirs in (FREE, replace(FREE, data=wrapped({"k": "theirs"}))):
        store = lost(world, "create", partial(world.put, theirs), happened=False)
        result = the_one(applied(world, FREE, store=store))
        assert result.outcome is Outcome.FAILED
        assert "exists already" in result.message
        world.remove(FREE)


def test_a_created_object_that_was_changed_meanwhile_is_no_longer_what_was_promised(
    world: World,
) -> None:
    def change() -> None:
        world.meddle(FREE, data=wrapped({"k": "theirs"}))

    store = lost(world, "create", change, happened=True)
    assert the_one(applied(world, FREE, store=store)).outcome is Outcome.FAILED


def test_what_a_controller_adds_to_a_created_object_does_no_harm(world: World) -> None:
    def add() -> None:
        world.meddle(FREE, labels={"app": "shop", "injected": "yes"})

    store = lost(world, "create", add, happened=True)
    result = the_one(applied(world, FREE, store=store))
    assert result.outcome is Outcome.APPLIED
    assert any("injected" in warning for warning in result.warnings)


def test_a_key_that_is_missing_is_noticed_where_values_cannot_be_read(tmp_path: Path) -> None:
    world = World(tmp_path, reticent=True)
    two = replace(FREE, data=wrapped({"k": "v", "l": "w"}))
    store = lost(
        world, "create", lambda: world.meddle(two, data=wrapped({"k": "v"})), happened=True
    )
    assert the_one(applied(world, two, store=store)).outcome is Outcome.FAILED
    world.remove(two)
    store = lost(world, "create", happened=True)
    assert the_one(applied(world, two, store=store)).outcome is Outcome.APPLIED
    world.close()


def test_an_update_that_has_not_happened_does_not_pass_for_one(world: World) -> None:
    world.apply([FREE])
    world.meddle(FREE, labels={"app": "theirs"})  # the record stays the same when it is put right
    store = lost(
        world,
        "update",
        lambda: world.meddle(FREE, annotations={"note": "theirs"}),
        happened=False,
    )
    result = the_one(applied(world, FREE, store=store))
    assert result.outcome is Outcome.FAILED
    assert "was changed since it was read" in result.message


def test_a_removal_that_has_not_happened_does_not_pass_for_one(world: World) -> None:
    exact = replace(FREE, annotations={"reconciler/data-policy": "exact"})
    world.apply([exact])
    world.meddle(exact, data=wrapped({"k": "v", "extra": "theirs"}))
    store = lost(
        world,
        "update",
        lambda: world.meddle(exact, labels={"a": "b", "app": "shop"}),
        happened=False,
    )
    result = the_one(applied(world, exact, store=store))
    assert (result.step.action, result.outcome) == (Action.UPDATE, Outcome.FAILED)


@pytest.mark.parametrize(("again", "outcome"), [(True, Outcome.APPLIED), (False, Outcome.FAILED)])
def test_a_lost_delete_of_an_object_that_others_touch(
    world: World, outcome: Outcome, *, again: bool
) -> None:
    world.apply([FREE])

    def touch() -> None:
        if again:
            world.put(FREE)
        else:
            world.meddle(FREE, labels={"app": "theirs"})

    store = lost(world, "delete", touch, happened=again)
    assert the_one(applied(world, store=store)).outcome is outcome
    assert world.get(FREE) is not None


def orphaned(world: World, meanwhile: Callable[[], object] | None = None) -> StepEnded:
    """How the delete of `FREE` ends, one of whose owners the same apply replaces before it."""
    owners = [replace(SEALED, key=FREE.key._replace(name=name)) for name in ("b", "c")]
    owned = replace(FREE, owners=tuple(owner(each) for each in owners))
    world.apply([*owners, owned])
    wanted = [replace(owners[0], data=wrapped({"k": "w"})), owners[1]]

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "create" and happened and meanwhile is not None:
            meanwhile()

    ended = run(world.work(wanted, store=Faulty(world.store, strike)))
    (result,) = (each for each in ended.results if each.key == FREE.key)
    return result


def test_a_reference_to_an_owner_that_the_apply_replaces_hinders_no_delete(world: World) -> None:
    assert orphaned(world).outcome is Outcome.APPLIED
    assert world.get(FREE) is None


def test_an_object_that_lost_an_owner_and_was_changed_is_not_deleted(world: World) -> None:
    result = orphaned(world, lambda: world.meddle(FREE, labels={"app": "theirs"}))
    assert (result.outcome, world.get(FREE) is None) == (Outcome.FAILED, False)
    assert "changed since it was read" in result.message


def test_a_refusal_of_a_write_that_was_answered_is_one(world: World) -> None:
    store = Faulty(world.store, lambda *_, **__: None)
    work = world.work([FREE], store=store)
    world.apply([FREE])  # the very same, with the very same record
    assert the_one(run(work)).outcome is Outcome.FAILED
    assert "look" not in store.calls


@pytest.mark.parametrize("happened", [True, False])
def test_a_lost_create_of_a_generated_name_makes_one_object(
    world: World, *, happened: bool
) -> None:
    store = lost(world, "create", happened=happened)
    result = the_one(applied(world, NAMELESS, store=store))
    assert result.outcome is Outcome.APPLIED
    assert world.look().objects.keys() == {result.key}
    assert world.look().objects[result.key].generate_name == "job-"
    assert world.plan([NAMELESS])[0].pending == ()


def test_another_name_is_drawn_where_one_is_taken(world: World) -> None:
    taken: list[str] = []

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "create" and not happened and len(taken) < 7:
            taken.append(name)
            raise ObjectExists("taken")

    store = Faulty(world.store, strike)
    assert the_one(applied(world, NAMELESS, store=store)).outcome is Outcome.APPLIED
    assert len(world.look().objects) == 1


def test_names_are_not_drawn_for_ever(world: World) -> None:
    def strike(_number: int, name: str, **_: bool) -> None:
        if name == "create":
            raise ObjectExists("taken")

    store = Faulty(world.store, strike)
    result = the_one(applied(world, NAMELESS, store=store))
    assert result.outcome is Outcome.FAILED
    assert "every name drawn for 'job-' is taken" in result.message
    assert store.calls.count("create") == 8
