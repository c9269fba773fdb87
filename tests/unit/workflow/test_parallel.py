"""Work on several environments side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from reconciler.manifests import objects_of
from reconciler.workflow import SharedLoads, abreast
from reconciler.workflow.defaults import utc_now


def test_results_come_in_the_order_of_the_work() -> None:
    last_is_done = threading.Event()

    def first() -> str:
        assert last_is_done.wait(10)
        return "first"

    def last() -> str:
        last_is_done.set()
        return "last"

    assert [*abreast([first, last], 2)] == ["first", "last"]
    assert [*abreast([], 3)] == []


@pytest.mark.parametrize("at_a_time", [1, 3])
def test_no_more_is_under_way_than_was_asked_for_untaken_results_included(at_a_time: int) -> None:
    begun = [0]
    lock = threading.Lock()
    all_that_may = threading.Event()

    def work() -> None:
        with lock:
            begun[0] += 1
            if begun[0] >= at_a_time:
                all_that_may.set()

    results = abreast([work] * 9, at_a_time)
    next(results)
    assert all_that_may.wait(10)
    time.sleep(0.05)  # for work that should not begin
    taken = 1
    assert begun[0] <= at_a_time + taken
    assert len([*results]) == 8
    assert begun[0] == 9


def test_what_work_raises_is_raised_in_its_turn() -> None:
    def fail() -> int:
        raise LookupError

    pieces: list[Callable[[], int]] = [lambda: 1, fail, lambda: 3]
    results = abreast(pieces, 2)
    assert next(results) == 1
    with pytest.raises(LookupError):
        next(results)


def test_whoever_stops_taking_results_begins_no_more_work() -> None:
    begun: list[int] = []
    results = abreast([lambda n=n: begun.append(n) for n in range(50)], 1)  # type: ignore[misc]
    next(results)
    results.close()  # type: ignore[attr-defined]
    time.sleep(0.05)
    assert len(begun) <= 3


def test_what_is_shared_is_loaded_once_and_the_last_few_are_kept() -> None:
    shared = SharedLoads()
    calls: list[str] = []

    def load(name: str) -> Callable[[], object]:
        def loading() -> object:
            calls.append(name)
            time.sleep(0.01)
            return objects_of((), namespace="default", moment=utc_now())

        return loading

    work = [lambda: shared.loaded("same", load("same"))] * 6  # type: ignore[arg-type]
    first, *others = abreast(work, 6)
    assert calls == ["same"]
    assert all(each is first for each in others)
    for number in range(8):
        shared.loaded(number, load(str(number)))  # type: ignore[arg-type]
    shared.loaded("same", load("same"))  # type: ignore[arg-type]
    assert calls.count("same") == 2


def test_what_loading_raises_is_raised_for_all() -> None:
    shared = SharedLoads()

    def load() -> object:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            shared.loaded("same", load)  # type: ignore[arg-type]


def test_one_loads_at_a_time_unless_it_waits_for_a_program() -> None:
    shared = SharedLoads()
    at_work: list[int] = []
    most: list[int] = []
    programs = threading.Barrier(3, timeout=10)

    def load(number: int) -> Callable[[], object]:
        def compute() -> None:
            at_work.append(number)
            time.sleep(0.01)
            most.append(len(at_work))
            at_work.remove(number)

        def loading() -> object:
            compute()
            with shared.waiting():
                programs.wait()  # which needs all three at once
            compute()
            return number

        return loading

    work = [lambda n=n: shared.loaded(n, load(n)) for n in range(3)]  # type: ignore[arg-type]
    assert [*abreast(work, 3)] == [0, 1, 2]
    assert most == [1] * 6
