"""Work on several environments side by side, and what they have in common done once."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from reconciler.manifests import Loaded

T = TypeVar("T")

_MOST_KEPT = 4


def abreast(work: Sequence[Callable[[], T]], at_a_time: int) -> Iterator[T]:
    """The results of `work`, in its order; at most `at_a_time` of it are under way.

    A result that is not taken yet counts as under way, so memory does not grow with the work. What
    a piece of work raises is raised when its turn comes. The threads end with the process, whatever
    they wait for: whoever must not be interrupted takes all results.
    """
    results: deque[Future[T]] = deque(Future() for _ in work)
    remaining = deque(zip(work, results, strict=True))
    room = threading.Semaphore(at_a_time)

    def run() -> None:
        while True:
            room.acquire()
            try:
                piece, result = remaining.popleft()
            except IndexError:
                room.release()
                return
            try:
                result.set_result(piece())
            except BaseException as error:  # noqa: BLE001 - raised where the result is taken
                result.set_exception(error)
            del piece, result

    for _ in range(min(at_a_time, len(work))):
        threading.Thread(target=run, daemon=True).start()
    try:
        while results:
            yield results.popleft().result()
            room.release()
    finally:
        remaining.clear()
        room.release()


class SharedLoads:
    """What was loaded for one environment, for others with the same inputs.

    The last few are kept, so memory does not grow with the number of environments. One thread loads
    at a time: several would hand the interpreter to each other at every file that they read, and
    take a fifth longer. While one waits for a program, another goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loads: OrderedDict[Hashable, Future[Loaded]] = OrderedDict()

    def loaded(self, inputs: Hashable, load: Callable[[], Loaded]) -> Loaded:
        """What `load` returns or raises, called once for all that have the same `inputs`."""
        with self._lock:
            result = self._loads.get(inputs)
            is_first = result is None
            if result is None:
                result = self._loads[inputs] = Future()
                if len(self._loads) > _MOST_KEPT:
                    self._loads.popitem(last=False)
            self._loads.move_to_end(inputs)
        if is_first:
            try:
                with self._loading:
                    result.set_result(load())
            except BaseException as error:  # noqa: BLE001 - raised for all that wait for it
                result.set_exception(error)
        return result.result()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let another thread load, while one that loads waits for a program."""
        self._loading.release()
        try:
            yield
        finally:
            self._loading.acquire()
