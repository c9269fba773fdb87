"""Writes that fail where somebody else has written since the read, and are then made again."""

from __future__ import annotations

from collections.abc import Callable

_TRIES = 5


def settled(attempt: Callable[[], bool]) -> bool:
    """Repeat `attempt`, a read and a write, until it is true: nobody else has written in between.

    False where somebody else was quicker each time.
    """
    return any(attempt() for _ in range(_TRIES))
