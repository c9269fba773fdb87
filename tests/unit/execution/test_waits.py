"""Writes that have not had their effect when they are answered, and what is told of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import StoreUnavailable
from reconciler.execution.retries import RetryPolicy
from reconciler.execution.waits import WaitPolicy, waited
from reconciler.model.events import ApplyEnded, Event, Outcome, StepEnded, StepWaiting
from reconciler.model.objects import Live
from reconciler.model.store import Capability
from tests.world import Slow, World, depends_on, run, secret, wrapped

A = secret("a", {"k": "a long value"}, labels={"app": "shop"})
SEALED = replace(A, immutable=True)
RESEALED = replace(SEALED, data=wrapped({"k": "w"}))
QUICK = WaitPolicy(timeout=60.0, first_poll=0.0, longest_poll=0.0)
NO_TIME = replace(QUICK, timeout=0.02)
AT_ONCE = replace(QUICK, timeout=0.0)
FOR_EVER = ["the token"] * 1_000_000


def outcomes(ended: ApplyEnded) -> dict[str, Outcome]:
    return {result.step.key.name: result.outcome for result in ended.results}


def only(ended: ApplyEnded) -> StepEnded:
    (found,) = ended.results
    return found


def told(events: list[Event]) -> list[str]:
    return [event.what for event in events if isinstance(event, StepWaiting)]


def test_a_step_ends_when_nothing_is_left_to_wait_for(world: World) -> None:
    store = Slow(world.store, "the token", "the token", "its second half", "its second half")
    events: list[Event] = []
    work = world.work([A, secret("b", annotations=depends_on(A))], store=store, waits=QUICK)
    ended = run(work, emit=events.append)
    assert set(outcomes(ended).values()) == {Outcome.APPLIED}
    assert store.calls == ["session", "create", *["unfinished"] * 4, "create"]
    assert told(events) == ["the token", "its second half"]
    assert [type(event).__name__ for event in events[:4]] == [
        "StepStarted",
        "StepWaiting",
        "StepWaiting",
        "StepEnded",
    ]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_updates_and_deletes_are_waited_for_too(world: World, change: str) -> None:
    world.apply([A])
    store = Slow(world.store, "a finalizer", "a finalizer")
    wanted = [] if change == "delete" else [replace(A, labels={})]
    assert only(world.apply(wanted, store=store, waits=QUICK)).outcome is Outcome.APPLIED
    assert store.calls == ["session", change, "unfinished", "unfinished"]


def test_what_takes_too_long_has_failed_and_says_what_it_waited_for(world: World) -> None:
    b = secret("b", annotations=depends_on(A))
    ended = world.apply([A, b], store=Slow(world.store, *FOR_EVER), waits=NO_TIME)
    assert outcomes(ended) == {"a": Outcome.FAILED, "b": Outcome.SKIPPED}
    failed = ended.results[0]
    assert failed.message == (
        "the change is made, and has not had its effect after 0.02 s: the token"
    )
    assert "--wait-timeout" in failed.hint
    assert world.get(A) is not None


def test_no_timeout_means_no_wait_but_a_word(world: World) -> None:
    store = Slow(world.store, *FOR_EVER)
    result = only(world.apply([A], store=store, waits=AT_ONCE))
    assert result.outcome is Outcome.APPLIED
    assert result.warnings == ("not waited for: the token",)
    assert "unfinished" not in store.calls


def test_an_interrupt_ends_the_wait(world: World) -> None:
    stop = threading.Event()

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "unfinished" and happened:
            stop.set()

    store = Slow(world.store, *FOR_EVER, strike=strike)
    ended = run(world.work([A], store=store, waits=QUICK), stop)
    assert only(ended).outcome is Outcome.FAILED
    assert only(ended).message.endswith("interrupted before it had its effect: the token")
    assert ended.interrupted
    assert world.get(A) is not None


def test_a_fault_while_looking_passes(world: World) -> None:
    def strike(number: int, name: str, *, happened: bool) -> None:
        if name == "unfinished" and number == 2 and not happened:
            raise StoreUnavailable("away")

    store = Slow(world.store, "the token", "the token", strike=strike)
    retries = RetryPolicy(attempts=2, first_delay=0.0)
    ended = world.apply([A], store=store, waits=QUICK, retries=retries)
    assert only(ended).outcome is Outcome.APPLIED
    assert store.calls.count("unfinished") == 3


def test_a_replace_waits_until_the_old_object_is_gone(world: World) -> None:
    world.apply([SEALED])
    stop = threading.Event()
    stop_in_between = _once("unfinished", stop.set)
    store = Slow(world.store, "a finalizer", "a finalizer", "", strike=stop_in_between)
    ended = run(world.work([RESEALED], store=store, waits=QUICK), stop)
    assert only(ended).outcome is Outcome.APPLIED
    assert store.calls == [
        "session",
        "try_create",
        "delete",
        "unfinished",
        "unfinished",
        "create",
    ]
    live = world.get(SEALED)
    assert live is not None
    assert live.data == RESEALED.data


def _once(method: str, act: Callable[[], None]) -> Callable[..., None]:
    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == method and happened:
            act()

    return strike


@pytest.mark.parametrize("waits", [NO_TIME, AT_ONCE], ids=["in time", "at all"])
def test_a_replace_whose_delete_is_held_creates_nothing(world: World, waits: WaitPolicy) -> None:
    world.apply([SEALED])
    store = Slow(world.store, *FOR_EVER)
    result = only(world.apply([RESEALED], store=store, waits=waits))
    assert result.outcome is Outcome.FAILED
    assert "cannot be undone: the token" in result.message
    assert "keeps a copy" in result.message
    assert "the next apply creates the new object" in result.hint
    assert store.calls[-1] != "create"
    assert world.apply([RESEALED]).count(Outcome.APPLIED) == 1
    live = world.get(SEALED)
    assert live is not None
    assert live.data == RESEALED.data


def test_a_replace_that_cannot_look_whether_the_old_object_is_gone(world: World) -> None:
    world.apply([SEALED])

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "unfinished" and not happened:
            raise StoreUnavailable("away")

    store = Slow(world.store, *FOR_EVER, strike=strike)
    result = only(world.apply([RESEALED], store=store, waits=QUICK))
    assert result.outcome is Outcome.FAILED
    assert "cannot be undone: away" in result.message
    assert "keeps a copy" in result.message
    assert world.apply([RESEALED]).count(Outcome.APPLIED) == 1


def test_looks_grow_rarer() -> None:
    delays: list[float] = []

    class Stop:
        def wait(self, seconds: float) -> bool:
            delays.append(seconds)
            return len(delays) == 7

    policy = WaitPolicy()
    stop: Any = Stop()
    assert waited("x", lambda: "y", policy, stop, lambda *_: None) == "y"
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


WARNED = ["the store added metadata.labels[injected], which it was not sent"]


def _admitted(live: Live) -> Live:
    return replace(live, labels={**live.labels, "injected": "yes"})


def test_what_the_store_made_of_an_object_is_told(world: World) -> None:
    result = only(world.apply([A], store=Slow(world.store, altered=_admitted)))
    assert result.outcome is Outcome.APPLIED
    assert list(result.warnings) == WARNED
    changed = replace(A, labels={"app": "other"})
    result = only(world.apply([changed], store=Slow(world.store, altered=_admitted)))
    assert list(result.warnings) == WARNED
    sealed = replace(changed, type="example.com/other")
    result = only(world.apply([sealed], store=Slow(world.store, altered=_admitted)))
    assert list(result.warnings) == WARNED
    assert result.step.action == "replace"


def test_the_stores_own_warnings_are_told_once_and_without_values(world: World) -> None:
    words = ("spec is odd", "spec is odd", "what is 'a long value' for?")
    store = Slow(world.store, altered=lambda live: replace(live, warnings=words))
    result = only(world.apply([A], store=store))
    assert len(result.warnings) == 2
    assert result.warnings[0] == "spec is odd"
    assert "withheld" in result.warnings[1]
    assert "a long value" not in repr(result)


def test_values_that_cannot_be_read_back_raise_no_alarm(world: World) -> None:
    store = Slow(world.store, altered=lambda live: replace(live, data={}, labels={}))
    assert len(only(world.apply([A], store=store)).warnings) == 2
    world.apply([])
    blind = {Capability.READ_VALUES, Capability.METADATA}
    store.capabilities = world.store.capabilities - blind
    assert only(world.apply([A], store=store)).warnings == ()
