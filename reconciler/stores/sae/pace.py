"""How many calls are made per second, and how often a refused one is repeated."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import StoreUnavailable

Result = TypeVar("Result")

_ATTEMPTS = 6
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 5.0
_LONGEST_WAIT = 60.0


class Pace:
    """At most `per_second` calls, evenly spread, however many threads make them."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1.0 / per_second
        self._next = 0.0
        self._turn = threading.Lock()

    def wait(self) -> None:
        """Wait until the next call may start."""
        with self._turn:
            now = time.monotonic()
            start = max(self._next, now)
            self._next = start + self._interval
        if start > now:
            time.sleep(start - now)

    def hold(self, seconds: float) -> None:
        """Start no call for `seconds`: where the service asks for a pause, all threads pause."""
        with self._turn:
            self._next = max(self._next, time.monotonic() + min(seconds, _LONGEST_WAIT))


def patiently(call: Callable[[], Result], may_repeat: Callable[[StoreUnavailable], bool]) -> Result:
    """Make `call`, and repeat it after transient faults where `may_repeat` allows that.

    Raises:
        StoreError: whatever the last attempt raised.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return call()
        except StoreUnavailable as fault:
            asked = fault.retry_after or 0.0
            if not may_repeat(fault) or asked > _LONGEST_WAIT:
                raise
        backoff = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** (attempt - 1))
        time.sleep(asked + backoff * random.random())  # noqa: S311 - spreads load, guards nothing
    return call()
