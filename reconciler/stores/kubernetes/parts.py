"""The jobs that one read of a cluster consists of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, TypeVar

_BETWEEN_CUTS = 0.1
Result = TypeVar("Result")


class Parts:
    """Jobs of a read, each in a thread of its own, that an interrupt ends wherever it comes.

    It may come between the start of a job and the moment when anybody could wait for it, so each
    job notes by itself that it is running.
    """

    def __init__(self) -> None:
        self._running: set[Callable[[], Any]] = set()
        self._abandoned = threading.Event()

    def run(self, job: Callable[[], Result]) -> Result:
        """The result of `job`.

        Raises:
            CancelledError: the jobs have been abandoned.
        """
        self._running.add(job)  # before the question, so that `abandon` misses no job
        try:
            if self._abandoned.is_set():
                raise CancelledError
            return job()
        finally:
            self._running.discard(job)

    def abandon(self, cut: Callable[[], None]) -> None:
        """End the jobs without their answers: servers may take as long as they like to give them.

        `cut` ends the requests under way; what is just between two requests begins another one.
        """
        self._abandoned.set()
        while self._running:
            cut()
            time.sleep(_BETWEEN_CUTS)
