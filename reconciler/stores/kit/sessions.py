"""The end of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from reconciler.errors import StoreError


@contextmanager
def given_back(give_back: Callable[[], None]) -> Iterator[None]:
    """Give the lock back when the block ends; where that fails, it is left to expire."""
    try:
        yield
    finally:
        with suppress(StoreError):
            give_back()
