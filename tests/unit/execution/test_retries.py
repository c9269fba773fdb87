from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from reconciler.errors import (
    ObjectExists,
    ObjectInvalid,
    ObjectMoved,
    ObjectNotFound,
    StoreDamaged,
    StoreError,
    StoreLocked,
    StoreUnavailable,
)
from reconciler.execution.retries import RetryPolicy, retrying

AT_ONCE = RetryPolicy(attempts=4, first_delay=0.0)


class Call:
    """Fails with each of `faults` in turn, then succeeds."""

    def __init__(self, *faults: StoreError) -> None:
        self.faults = list(faults)
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        if self.faults:
            raise self.faults.pop(0)
        return "done"


def away(retry_after: float | None = None) -> StoreUnavailable:
    return StoreUnavailable("the store is away", retry_after=retry_after)


def tried(
    call: Callable[[], str], policy: RetryPolicy = AT_ONCE, stop: threading.Event | None = None
) -> tuple[str, list[tuple[int, float, str]]]:
    told: list[tuple[int, float, str]] = []
    result = retrying(
        call,
        policy,
        stop or threading.Event(),
        lambda attempt, delay, message: told.append((attempt, delay, message)),
    )
    return result, told


def test_a_passing_fault_is_tried_again_and_told() -> None:
    result, told = tried(Call(away(), away()))
    assert result == "done"
    assert told == [(1, 0.0, "the store is away"), (2, 0.0, "the store is away")]


def test_the_last_fault_is_raised_when_the_attempts_are_used_up() -> None:
    call = Call(*[away()] * 4)
    with pytest.raises(StoreUnavailable):
        tried(call)
    assert call.count == 4


@pytest.mark.parametrize(
    "refusal", [ObjectExists, ObjectInvalid, ObjectMoved, ObjectNotFound, StoreDamaged, StoreError]
)
def test_a_refusal_is_final(refusal: type[StoreError]) -> None:
    call = Call(refusal("no"))
    with pytest.raises(refusal):
        tried(call)
    assert call.count == 1


def test_a_lock_is_no_passing_fault() -> None:
    call = Call(StoreLocked("no", holder="somebody"))
    with pytest.raises(StoreLocked):
        tried(call)
    assert call.count == 1


def test_delays_grow_up_to_the_longest() -> None:
    policy = RetryPolicy()
    for attempt, limit in enumerate([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0], start=1):
        delays = [policy.delay(attempt, None) for _ in range(200)]
        assert 0.0 <= min(delays) < max(delays) <= limit
        assert max(delays) > limit / 2


def test_what_the_store_asks_for_is_waited_for_in_any_case() -> None:
    policy = RetryPolicy()
    delays = [policy.delay(1, 30.0) for _ in range(200)]
    assert 30.0 <= min(delays) <= max(delays) <= 30.2
    _, told = tried(Call(away(retry_after=0.001)))
    assert told[0][1] == 0.001


def test_a_stop_makes_the_fault_final() -> None:
    stop = threading.Event()
    stop.set()
    call = Call(away())
    with pytest.raises(StoreUnavailable):
        tried(call, stop=stop)
    assert call.count == 1


def test_a_stop_cuts_a_wait_short() -> None:
    stop = threading.Event()
    call = Call(away(retry_after=3600.0))
    with pytest.raises(StoreUnavailable):
        retrying(call, AT_ONCE, stop, lambda *_: stop.set())
    assert call.count == 1
