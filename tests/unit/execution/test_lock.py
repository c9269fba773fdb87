"""The lock of a set, on a real store; renewals follow closely where a test has to see them."""

from __future__ import annotations

import getpass
import shutil
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import LockLost, StoreLocked, StoreUnavailable
from reconciler.execution.lock import LockPolicy, locked, new_holder
from tests.world import Faulty, World
from tests.world import held as session_of

PATIENCE = 60.0
HASTY = LockPolicy(renewals=1200, poll=0.01)


def held(
    world: World,
    *,
    store: Any = None,
    timeout: float = 0.0,
    stop: threading.Event | None = None,
    waiting: Callable[[str], None] | None = None,
    policy: LockPolicy = HASTY,
) -> Any:
    return locked(
        store or world.store,
        "default",
        timeout,
        stop or threading.Event(),
        waiting or (lambda _message: None),
        policy=policy,
    )


def test_one_at_a_time(world: World) -> None:
    told: list[str] = []
    with held(world):
        with pytest.raises(StoreLocked) as caught, held(world, waiting=told.append):
            pytest.fail("two hold the lock")
        assert caught.value.holder
    with held(world):
        pass
    assert told == []


def test_sets_do_not_wait_for_each_other(world: World) -> None:
    nobody = threading.Event(), lambda _message: None
    with held(world), locked(world.store, "other", 0.0, *nobody):
        pass


def test_the_lock_is_given_back_when_the_body_fails(world: World) -> None:
    with pytest.raises(ZeroDivisionError), held(world):
        raise ZeroDivisionError
    with held(world):
        pass


def test_a_lock_that_is_held_is_waited_for_and_told_of_once(world: World) -> None:
    somebody = ExitStack()
    somebody.enter_context(world.store.session("default", "somebody", 3600))
    told: list[str] = []

    def strike(_number: int, _name: str, *, happened: bool) -> None:
        if store.calls == ["session"] * 4 and not happened:
            somebody.close()

    store = Faulty(world.store, strike)
    with held(world, store=store, timeout=PATIENCE, waiting=told.append):
        pass
    assert len(told) == 1
    assert "somebody" in told[0]


def test_the_wait_has_an_end(world: World) -> None:
    session_of(world.store, "default", "somebody", seconds=3600)
    with pytest.raises(StoreLocked), held(world, timeout=0.05):
        pytest.fail("two hold the lock")


def test_a_stop_ends_the_wait(world: World) -> None:
    session_of(world.store, "default", "somebody", seconds=3600)
    stop = threading.Event()
    with (
        pytest.raises(StoreLocked),
        held(world, timeout=3600, stop=stop, waiting=lambda _message: stop.set()),
    ):
        pytest.fail("two hold the lock")


def test_a_lock_whose_holder_died_is_taken_over_when_it_expires(world: World) -> None:
    session_of(world.store, "default", "somebody dead", seconds=-1.0)
    with held(world):
        pass


class Watched:
    """The lock calls on a store, each of which can be given a fault, and awaited."""

    def __init__(self, world: World, fault: Callable[[int], BaseException | None]) -> None:
        self.calls = 0
        self.reached = threading.Semaphore(0)
        self.store = Faulty(world.store, self._strike)
        self._fault = fault

    def _strike(self, _number: int, name: str, *, happened: bool) -> None:
        if name not in {"session", "renew"}:
            return
        if happened:
            self.reached.release()
            return
        self.calls += 1
        fault = self._fault(self.calls)
        if fault:
            self.reached.release()
            raise fault

    def wait_for(self, calls: int) -> None:
        for _ in range(calls):
            assert self.reached.acquire(timeout=PATIENCE)


def test_the_lock_is_renewed_while_it_is_held(world: World) -> None:
    watched = Watched(world, lambda _call: None)
    stop = threading.Event()
    with held(world, store=watched.store, stop=stop):
        watched.wait_for(4)
        with pytest.raises(StoreLocked):
            session_of(world.store, "default", "somebody", seconds=1)
    assert not stop.is_set()


def test_a_passing_fault_of_one_renewal_does_no_harm(world: World) -> None:
    watched = Watched(world, lambda call: StoreUnavailable("away") if call == 2 else None)
    stop = threading.Event()
    with held(world, store=watched.store, stop=stop):
        watched.wait_for(5)
    assert not stop.is_set()


FAULTS = {
    "taken": LockLost("taken by somebody"),
    "away for longer than the lease": StoreUnavailable("away"),
    "broken": RuntimeError("broken"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lock_that_is_lost_stops_the_apply(world: World, fault: str) -> None:
    policy = LockPolicy(lease=0.1) if fault.startswith("away") else HASTY
    watched = Watched(world, lambda call: FAULTS[fault] if call > 1 else None)
    stop = threading.Event()
    with (
        pytest.raises(LockLost) as caught,
        held(world, store=watched.store, stop=stop, policy=policy),
    ):
        assert stop.wait(PATIENCE)
    assert "default" in caught.value.message


def test_a_failure_of_the_body_is_told_though_the_lock_was_lost(world: World) -> None:
    watched = Watched(world, lambda call: FAULTS["taken"] if call > 1 else None)
    stop = threading.Event()

    def body() -> None:
        with held(world, store=watched.store, stop=stop):
            assert stop.wait(PATIENCE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        body()


def test_a_lock_that_cannot_be_given_back_is_no_error(world: World, tmp_path: Path) -> None:
    with held(world):
        world.store.close()
        shutil.rmtree(tmp_path)


def test_holders_tell_processes_apart() -> None:
    one, other = new_holder(), new_holder()
    assert one != other
    assert "process" in one
    assert "@" in one


@pytest.mark.parametrize("taken", [False, True], ids=["free", "taken by another"])
def test_an_apply_whose_lock_was_broken_stops_and_does_not_take_it_again(
    world: World, *, taken: bool
) -> None:
    stop = threading.Event()

    def broken() -> None:
        world.store.break_lock(world.store.read_lock("default"))
        if taken:
            session_of(world.store, "default", "ben@build-2")
        assert stop.wait(PATIENCE)

    with pytest.raises(LockLost) as caught, held(world, stop=stop):
        broken()
    assert ("ben@build-2" if taken else "nobody") in caught.value.message
    left = world.store.read_lock("default")
    assert (left.holder if left else "") == ("ben@build-2" if taken else "")


def test_a_renewal_that_gets_no_answer_does_not_outlive_the_lease(world: World) -> None:
    answer = threading.Event()

    def strike(_number: int, name: str, *, happened: bool) -> None:
        if name == "renew" and not happened:
            assert answer.wait(PATIENCE)

    stop = threading.Event()
    with (
        pytest.raises(LockLost, match="expired"),
        held(world, store=Faulty(world.store, strike), stop=stop, policy=LockPolicy(lease=0.1)),
    ):
        assert stop.wait(PATIENCE)
    answer.set()


@pytest.mark.parametrize("user", ["a\udcffb", "a\nb", "x" * 5000, "\u202eanna", ""])
def test_a_holder_is_text_whatever_the_environment_says(
    world: World, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: user)
    monkeypatch.setattr(socket, "gethostname", lambda: user)
    holder = new_holder()
    assert holder.isprintable()
    assert len(holder) < 200
    session_of(world.store, "default", holder, seconds=60)
    assert world.store.read_lock("default").holder == holder
