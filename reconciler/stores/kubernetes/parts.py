"""The jobs that one read of a cluster consists of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_BETWEEN_CUTS = 0.1


class Parts:
    """Jobs of a read, each in a thread of its own, that an interrupt ends wherever it comes.

    It may come between the start of a job and the moment when anybody could wait for it, so each
    job notes by itself that it is running.
    """

    def __init__(self) -> None:
        self._running: set[Callable[[], None]] = set()
        self._abandoned = threading.Event()

    def run(self, job: Callable[[], None]) -> None:
        """Run `job`, if the jobs have not been abandoned."""
        self._running.add(job)  # before the question, so that `abandon` misses no job
        try:
            if not self._abandoned.is_set():
                job()
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
