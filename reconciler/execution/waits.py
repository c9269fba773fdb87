"""Waiting until a write that was accepted has had its effect."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Signal


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """How long, and how often to look; all in seconds.

    A ``timeout`` of 0 waits for nothing. What is looked for grows rarer from ``first_poll`` to
    ``longest_poll``.
    """

    timeout: float = 120.0
    first_poll: float = 0.1
    longest_poll: float = 2.0


def waited(
    what: str,
    look: Callable[[], str],
    policy: WaitPolicy,
    stop: Signal,
    report: Callable[[str, float], None],
) -> str:
    """Wait until `look` has nothing left to wait for; `what` is the first that it does.

    Answers what is left when the time is up or `stop` is set, empty where nothing is. `report` is
    told of each new text, with the seconds that have passed.

    Raises:
        StoreError: `look` could not.
    """
    began = time.monotonic()
    delay = policy.first_poll
    told = ""
    while what:
        passed = time.monotonic() - began
        if passed >= policy.timeout:
            return what
        if what != told:
            report(what, passed)
            told = what
        if stop.wait(min(delay, policy.timeout - passed)):
            return what
        what = look()
        delay = min(delay * 2, policy.longest_poll)
    return ""
