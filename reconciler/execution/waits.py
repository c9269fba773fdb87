"""Waiting until a write that was accepted has had its effect."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Signal


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """How long, and how often to look; all in seconds.

    A ``timeout`` of 0 does not wait. The time between two looks doubles from ``first_poll`` up to
    ``longest_poll``.
    """

    timeout: float = 120.0
    first_poll: float = 0.1
    longest_poll: float = 2.0


def waited(
    unfinished: str,
    look: Callable[[], str],
    policy: WaitPolicy,
    stop: Signal,
    report: Callable[[str, float], None],
) -> str:
    """Wait until `look` returns an empty text; `unfinished` is what it would return now.

    Returns what is unfinished when the time is up or `stop` is set, or an empty text. `report` is
    called with each new text and the seconds that have passed.

    Raises:
        StoreError: `look` could not.
    """
    began = time.monotonic()
    delay = policy.first_poll
    reported = ""
    while unfinished:
        passed = time.monotonic() - began
        if passed >= policy.timeout:
            return unfinished
        if unfinished != reported:
            report(unfinished, passed)
            reported = unfinished
        if stop.wait(min(delay, policy.timeout - passed)):
            return unfinished
        unfinished = look()
        delay = min(delay * 2, policy.longest_poll)
    return ""
