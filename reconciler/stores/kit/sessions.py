"""The end of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from reconciler.errors import StoreError


@contextmanager
def given_back(give_back: Callable[[], None]) -> Iterator[None]:
    """Release the lock when the block ends; a lock that cannot be released expires."""
    try:
        yield
    finally:
        with suppress(StoreError):
            give_back()
