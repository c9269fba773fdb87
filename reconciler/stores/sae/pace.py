"""How fast calls may follow each other, and how patiently a refused one is made again."""

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
        """Wait until the next call may go out."""
        with self._turn:
            now = time.monotonic()
            start = max(self._next, now)
            self._next = start + self._interval
        if start > now:
            time.sleep(start - now)

    def hold(self, seconds: float) -> None:
        """Let no call out for `seconds`: the service has asked for that, and means everybody."""
        with self._turn:
            self._next = max(self._next, time.monotonic() + min(seconds, _LONGEST_WAIT))


def patiently(call: Callable[[], Result], may_repeat: Callable[[StoreUnavailable], bool]) -> Result:
    """Make `call`, and again after passing faults that `may_repeat` allows to be repeated.

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
