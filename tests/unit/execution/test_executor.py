"""Plans carried out on a real store, with faults where the test wants them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import (
    ObjectInvalid,
    ObjectMoved,
    RightsMissing,
    StoreError,
    StoreUnavailable,
)
from reconciler.execution.retries import RetryPolicy
from reconciler.execution.substitution import record_of
from reconciler.model.events import (
    ApplyEnded,
    Event,
    Outcome,
    StepEnded,
    StepRetried,
    StepStarted,
)
from reconciler.model.fields import flatten
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from reconciler.model.store import Capability
from tests.world import (
    IN_HAND,
    Faulty,
    World,
    account,
    depends_on,
    namespace,
    owner,
    run,
    secret,
    wrapped,
)

A = secret("a", {"k": "v"})
SEALED = replace(A, immutable=True)
RESEALED = replace(SEALED, data=wrapped({"k": "w"}))
AT_ONCE = RetryPolicy(attempts=3, first_delay=0.0)


def failing(
    world: World, method: str, fault: Callable[[], BaseException], *, calls: range = range(1)
) -> Faulty:
    """The world's store, with the given calls of `method`, counted from 0, failing beforehand."""
    seen = {"calls": 0}

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == method and not happened:
            seen["calls"] += 1
            if seen["calls"] - 1 in calls:
                raise fault()

    return Faulty(world.store, strike)


def outcomes(ended: ApplyEnded) -> dict[str, Outcome]:
    return {result.step.key.name: result.outcome for result in ended.results}


def message(ended: ApplyEnded) -> str:
    (found,) = (result.message for result in ended.results if result.message)
    return found


def test_events_tell_of_every_step_and_the_end_comes_last(world: World) -> None:
    seen: list[Event] = []
    ended = run(world.work([namespace("shop"), secret("b", home="shop")]), emit=seen.append)
    assert [type(event) for event in seen] == [
        *[StepStarted, StepEnded] * 2,
        ApplyEnded,
    ]
    assert seen[-1] is ended
    assert outcomes(ended) == {"shop": Outcome.APPLIED, "b": Outcome.APPLIED}
    assert not ended.interrupted
    assert ended.count(Outcome.APPLIED) == 2


def test_a_passing_fault_is_tried_again_and_told(world: World) -> None:
    store = failing(world, "create", lambda: StoreUnavailable("away"), calls=range(2))
    seen: list[Event] = []
    ended = run(world.work([A], store=store, retries=AT_ONCE), emit=seen.append)
    assert ended.count(Outcome.APPLIED) == 1
    assert [(one.attempt, one.message) for one in seen if isinstance(one, StepRetried)] == [
        (1, "away"),
        (2, "away"),
    ]


def test_a_failed_step_skips_what_needs_it_and_nothing_else(world: World) -> None:
    b = secret("b", annotations=depends_on(A))
    c = secret("c", annotations=depends_on(b))
    apart, later = secret("x"), secret("y", annotations=depends_on(secret("x")))
    store = failing(world, "create", lambda: ObjectInvalid("it breaks a rule", hint="mend it"))
    ended = world.apply([A, b, c, apart, later], store=store)
    assert outcomes(ended) == {
        "a": Outcome.FAILED,
        "x": Outcome.APPLIED,
        "b": Outcome.SKIPPED,
        "y": Outcome.APPLIED,
        "c": Outcome.SKIPPED,
    }
    told = {result.step.key.name: (result.message, result.hint) for result in ended.results}
    assert told["a"] == ("it breaks a rule", "mend it")
    assert "Secret/default/a" in told["b"][0]
    assert "Secret/default/b" in told["c"][0]
    assert world.apply([A, b, c, apart, later]).count(Outcome.APPLIED) == 3


def test_an_error_of_no_kind_that_is_known_keeps_its_text_to_itself(world: World) -> None:
    store = failing(world, "create", lambda: RuntimeError("hunter2"))
    ended = world.apply([A, secret("b")], store=store)
    assert outcomes(ended) == {"a": Outcome.FAILED, "b": Outcome.APPLIED}
    assert "RuntimeError" in message(ended)
    assert "hunter2" not in repr(ended)


def test_what_moved_since_it_was_planned_is_left_alone(world: World) -> None:
    world.apply([A])
    work = world.work([secret("a", {"k": "w"})])
    world.meddle(A, data=wrapped({"k": "theirs"}))
    ended = run(work)
    assert outcomes(ended) == {"a": Outcome.FAILED}
    live = world.get(A)
    assert live is not None
    assert live.data == wrapped({"k": "theirs"})


def test_a_refusal_is_not_tried_again(world: World) -> None:
    store = failing(world, "create", lambda: ObjectMoved("moved"), calls=range(9))
    world.apply([A], store=store, retries=AT_ONCE)
    assert store.calls.count("create") == 1


def test_the_pruning_of_what_is_gone_already_is_done(world: World) -> None:
    world.apply([A])
    work = world.work([])
    world.remove(A)
    assert outcomes(run(work)) == {"a": Outcome.APPLIED}
    assert world.plan([])[0].pending == ()


def test_what_goes_along_with_its_replaced_owner_is_not_missed(world: World) -> None:
    owned = secret("b", owners=(owner(SEALED),))
    world.apply([SEALED, owned])
    ended = world.apply([RESEALED])
    assert outcomes(ended) == {"a": Outcome.APPLIED, "b": Outcome.APPLIED}
    assert world.plan([RESEALED])[0].pending == ()


def test_a_new_owners_uid_reaches_what_it_owns(world: World) -> None:
    robot = account("robot")
    held = secret("b", owners=(owner(robot),))
    assert world.apply([held, robot]).count(Outcome.APPLIED) == 2
    made, found = world.get(robot), world.get(held)
    assert made is not None
    assert found is not None
    assert [owner.uid for owner in found.owners] == [made.uid]


def test_an_owner_made_anew_is_followed_by_an_update(world: World) -> None:
    robot, other = account("robot"), account("other")
    held = secret("b", owners=(owner(robot), owner(other)))
    world.apply([held, robot, other])
    world.remove(robot)
    assert world.apply([held, robot, other]).count(Outcome.FAILED) == 0
    made, found = world.get(robot), world.get(held)
    assert made is not None
    assert found is not None
    assert made.uid in {owner.uid for owner in found.owners}


def test_a_generated_name_is_reported_and_kept_by_a_replace(world: World) -> None:
    made = replace(SEALED, key=SEALED.key._replace(name=""), generate_name="made-")
    ended = world.apply([made])
    key = ended.results[0].key
    assert key.name.startswith("made-")
    assert key.name != "made-*"
    ended = world.apply([replace(made, data=wrapped({"k": "w"}))])
    assert [(result.step.action, result.key) for result in ended.results] == [(Action.REPLACE, key)]
    found = world.look(key).objects[key]
    assert found.generate_name == "made-"
    assert world.plan([replace(made, data=wrapped({"k": "w"}))])[0].pending == ()


def stored(world: World) -> Any:
    live = world.get(SEALED)
    assert live is not None
    return live


def test_a_replace_is_tried_before_anything_is_deleted(world: World) -> None:
    world.apply([SEALED])
    store = Faulty(world.store, lambda *_, **__: None)
    world.apply([RESEALED], store=store)
    assert store.calls == ["session", "try_create", "delete", "create"]
    assert stored(world).data == wrapped({"k": "w"})
    assert world.look().copies == {}


def test_a_replace_that_would_be_refused_deletes_nothing(world: World) -> None:
    world.apply([SEALED])
    before = stored(world)
    invalid = replace(SEALED, type="kubernetes.io/tls")
    ended = world.apply([invalid])
    assert outcomes(ended) == {"a": Outcome.FAILED}
    assert message(ended).endswith("; the object in the store is untouched")
    assert stored(world) == before


@pytest.mark.parametrize("error", [ObjectInvalid, RightsMissing])
def test_a_refused_write_says_that_the_object_is_untouched(
    world: World, error: type[StoreError]
) -> None:
    world.apply([A])
    before = stored(world)
    changed = replace(A, data=wrapped({"k": "other"}))
    ended = world.apply([changed], store=failing(world, "update", lambda: error("no")))
    assert message(ended) == "no; the object in the store is untouched"
    assert stored(world) == before


def test_of_a_write_that_may_have_happened_nothing_is_claimed(world: World) -> None:
    world.apply([A])
    changed = replace(A, data=wrapped({"k": "other"}))
    store = failing(world, "update", lambda: StoreUnavailable("no answer"), calls=range(99))
    assert "untouched" not in message(world.apply([changed], store=store))


@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "nobody's"])
def test_a_replace_that_fails_puts_the_old_object_back(world: World, *, is_ours: bool) -> None:
    foreign = replace(SEALED, data=wrapped({"k": "v", "foreign": "f"}))
    if is_ours:
        world.put(foreign, _record_of(world))
    else:
        world.put(foreign)
    before = stored(world)
    store = failing(world, "create", lambda: ObjectInvalid("no"))
    ended = world.apply([RESEALED], store=store)
    assert outcomes(ended) == {"a": Outcome.FAILED}
    assert message(ended) == "no; the old object was put back"
    after = stored(world)
    again = {"uid": before.uid, "resource_version": before.resource_version}
    assert replace(after, **again, created=before.created) == before
    assert (after.applied is None) is not is_ours
    assert world.look(SEALED.key).copies == {}
    assert world.apply([RESEALED]).count(Outcome.APPLIED) == 1
    assert stored(world).data == wrapped({"k": "w", "foreign": "f"})


def _record_of(world: World) -> Any:
    plan, _, _ = world.plan([SEALED])
    return record_of(
        plan.changes[0], flatten(SEALED), "default", world.fingerprinter, uids={}, digests={}
    )


def test_what_cannot_be_put_back_is_kept_and_used_by_the_next_apply(world: World) -> None:
    world.put(replace(SEALED, data=wrapped({"k": "v", "foreign": "f"})))
    store = failing(world, "create", lambda: ObjectInvalid("no"), calls=range(9))
    ended = world.apply([RESEALED], store=store)
    assert "no; the old object could not be put back either: no" in message(ended)
    assert world.get(SEALED) is None
    copy = world.look(SEALED.key).copies[SEALED.key]
    assert copy.data == wrapped({"k": "v", "foreign": "f"})
    assert world.apply([RESEALED]).count(Outcome.APPLIED) == 1
    assert stored(world).data == wrapped({"k": "w", "foreign": "f"})
    assert world.look(SEALED.key).copies == {}
    assert world.plan([RESEALED])[0].pending == ()


def test_a_kept_copy_that_is_not_wanted_any_more_is_dropped_by_pruning(world: World) -> None:
    world.apply([SEALED])
    store = failing(world, "create", lambda: ObjectInvalid("no"), calls=range(9))
    world.apply([RESEALED], store=store)
    assert world.plan([], PlanOptions())[0].notices[-1].code == "copy-kept"
    assert world.apply([]).count(Outcome.APPLIED) == 1
    assert world.look().copies == {}
    assert world.plan([], PlanOptions())[0].notices == ()


def test_a_stop_lets_steps_in_flight_end_and_skips_the_rest(world: World) -> None:
    stop = threading.Event()
    b = secret("b", annotations=depends_on(A))
    store = Faulty(world.store, lambda _number, name, **_: stop.set() if name == "create" else None)
    ended = run(world.work([A, b, secret("z")], store=store), stop)
    assert outcomes(ended) == {
        "a": Outcome.APPLIED,
        "z": Outcome.SKIPPED,
        "b": Outcome.SKIPPED,
    }
    assert ended.interrupted
    assert world.get(A) is not None
    assert world.get(b) is None


def test_a_stop_between_delete_and_create_of_a_replace_gives_up_nothing(world: World) -> None:
    world.apply([SEALED])
    stop = threading.Event()

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "delete" and happened:
            stop.set()
        elif name == "create" and not happened and store.calls.count("create") == 1:
            raise StoreUnavailable("away")

    store = Faulty(world.store, strike)
    ended = run(world.work([RESEALED], store=store, retries=AT_ONCE), stop)
    assert (outcomes(ended), ended.interrupted) == ({"a": Outcome.APPLIED}, True)
    assert stored(world).data == wrapped({"k": "w"})


def test_as_many_steps_run_at_once_as_are_allowed(world: World) -> None:
    meeting = threading.Barrier(3, timeout=30)

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "create" and not happened:
            meeting.wait()

    three = [secret(name) for name in "abc"]
    ended = world.apply(three, store=with_many_writers(world, strike), parallelism=3)
    assert ended.count(Outcome.APPLIED) == 3


def test_a_store_with_one_writer_is_given_one_step_at_a_time(world: World) -> None:
    at_work: set[int] = set()

    def strike(_number: int, name: str, **_: bool) -> None:
        if name == "create":
            at_work.add(threading.get_ident())

    objects = [secret(f"s{number}") for number in range(12)]
    assert world.apply(objects, store=Faulty(world.store, strike), parallelism=4)
    assert len(at_work) == 1


def with_many_writers(world: World, strike: Callable[..., None]) -> Faulty:
    store = Faulty(world.store, strike)
    store.capabilities = world.store.capabilities - {Capability.ONE_WRITER}
    return store


def test_events_do_not_overlap(world: World) -> None:
    turn = threading.Lock()
    overlaps = []

    def emit(_event: Event) -> None:
        if not turn.acquire(blocking=False):
            overlaps.append(True)
            return
        threading.Event().wait(0.001)
        turn.release()

    objects = [secret(f"s{number}") for number in range(12)]
    store = with_many_writers(world, lambda *_, **__: None)
    run(world.work(objects, store=store, parallelism=4), emit=emit)
    assert overlaps == []


def test_a_record_tells_what_was_applied_and_no_more(world: World) -> None:
    world.put(secret("a", {"k": "v", "foreign": "f"}))
    world.apply([A], IN_HAND)
    live = world.get(A)
    assert live is not None
    assert live.applied is not None
    assert set(live.applied.fields) == {("data", "k"), ("type",)}
    assert live.applied.set_name == "default"
