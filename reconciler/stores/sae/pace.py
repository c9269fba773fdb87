"""How many calls are made per second, and how often a refused call is repeated."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from reconciler.errors import StoreUnavailable

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is made, and how long it waits; times are in seconds.

    The delay before a repetition doubles from ``first_delay`` up to ``longest_delay``, and is then
    cut at random to spread the load. ``longest_wait`` is the longest pause of the service's choice
    that is kept. ``monotonic`` and ``sleep`` are the clock.
    """

    attempts: int = 6
    first_delay: float = 0.2
    longest_delay: float = 5.0
    longest_wait: float = 60.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def call(
        self, call: Callable[[], Result], may_repeat: Callable[[StoreUnavailable], bool]
    ) -> Result:
        """Make `call`, and repeat it after transient faults where `may_repeat` allows that.

        Raises:
            StoreError: whatever the last attempt raised.
        """
        for attempt in range(1, self.attempts):
            try:
                return call()
            except StoreUnavailable as fault:
                asked = fault.retry_after or 0.0
                if not may_repeat(fault) or asked > self.longest_wait:
                    raise
            backoff = min(self.longest_delay, self.first_delay * 2.0 ** (attempt - 1))
            self.sleep(asked + backoff * random.random())  # noqa: S311 - spreads load, guards nothing
        return call()


class Pace:
    """At most `per_second` calls, evenly spread, however many threads make them."""

    def __init__(self, per_second: float, patience: Patience) -> None:
        self._interval = 1.0 / per_second
        self._patience = patience
        self._next = 0.0
        self._turn = threading.Lock()

    def wait(self) -> None:
        """Wait until the next call may start."""
        with self._turn:
            now = self._patience.monotonic()
            start = max(self._next, now)
            self._next = start + self._interval
        if start > now:
            self._patience.sleep(start - now)

    def hold(self, seconds: float) -> None:
        """Start no call for `seconds`: where the service asks for a pause, all threads pause."""
        seconds = min(seconds, self._patience.longest_wait)
        with self._turn:
            self._next = max(self._next, self._patience.monotonic() + seconds)
