"""Trying again what failed for a passing reason, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Signal
from typing import TypeVar

from reconciler.errors import StoreUnavailable

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently.

    ``first_delay`` and ``longest_delay``, those of the backoff, and ``longest_wait``, the longest
    that a store may ask for, are in seconds.
    """

    attempts: int = 6
    first_delay: float = 0.2
    longest_delay: float = 10.0
    longest_wait: float = 60.0

    def delay(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after the failed `attempt`, counted from 1: backoff with full jitter.

        What the store asks for is waited for; the jitter comes on top.
        """
        backoff = min(self.longest_delay, self.first_delay * 2.0 ** (attempt - 1))
        jitter = backoff * random.random()  # noqa: S311 - spreads load, guards nothing
        return (retry_after or 0.0) + jitter


def retrying(
    call: Callable[[], Result],
    policy: RetryPolicy,
    stop: Signal,
    report: Callable[[int, float, str], None],
) -> Result:
    """Make `call`, again after each `StoreUnavailable`, until it succeeds or the policy ends.

    `report` is told attempt, delay and message before each wait; `stop` cuts a wait short and
    makes the last fault final.

    Raises:
        StoreError: whatever the last attempt raised.
    """
    attempt = 1
    while True:
        try:
            return call()
        except StoreUnavailable as fault:
            if attempt >= policy.attempts or stop.is_set():
                raise
            if (fault.retry_after or 0.0) > policy.longest_wait:
                raise
            delay = policy.delay(attempt, fault.retry_after)
            report(attempt, delay, fault.message)
            if stop.wait(delay):
                raise
            attempt += 1
