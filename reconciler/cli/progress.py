"""How an apply is followed: a count on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import click

from reconciler.cli.live import live, time_text
from reconciler.cli.output import Verbosity
from reconciler.cli.terminal import colour_on, is_terminal, make_room
from reconciler.model.events import ApplyEnded, Event, Outcome, StepEnded, StepStarted, StepWaiting

MOST_SKIPPED = 5
"""How many skipped steps are told one by one."""


@contextmanager
def reporter(
    output: str, verbosity: Verbosity, steps: int, environment: str = ""
) -> Iterator[Callable[[Event], None]]:
    """What is to be told every event, for the format `output`, ``text`` or ``json``.

    Events of an `environment` among others name it, and nobody counts them.
    """
    if output == "json":
        yield partial(_json_line, environment)
        return
    watched = is_terminal(sys.stdout) and not environment
    lines = _Lines(verbosity, watched=watched, environment=environment)
    if verbosity is Verbosity.QUIET or environment:
        yield lines.tell
        return
    count = Count(steps)

    def emit(event: Event) -> None:
        count.tell(event)
        lines.tell(event)

    with live(count.text):
        yield emit


def _json_line(environment: str, event: Event) -> None:
    from reconciler.views import json

    click.echo(json.event(event, environment))


class _Lines:
    """Tells what happens in lines; where somebody watches the count, only what did not go well."""

    def __init__(self, verbosity: Verbosity, *, watched: bool, environment: str = "") -> None:
        self._prefix = f"{environment}: " if environment else ""
        self._is_quiet = verbosity is Verbosity.QUIET
        self._tells_all = verbosity is Verbosity.VERBOSE
        self._watched = watched
        self._colour = colour_on(sys.stdout)
        self._skipped = 0

    def tell(self, event: Event) -> None:
        if not self._is_told(event):
            return  # as most are where nobody watches: the workers wait for each other here
        from reconciler.views import text

        untold = self._skipped - MOST_SKIPPED
        if isinstance(event, ApplyEnded) and untold > 0 and not self._tells_all:
            self._print(text.more_skipped(untold, colour=self._colour))
        self._print(text.event(event, colour=self._colour))

    def _print(self, line: str) -> None:
        make_room()
        click.echo(f"{self._prefix}{line}")

    def _is_told(self, event: Event) -> bool:
        match event:
            case StepStarted():
                return False
            case StepWaiting():
                return not self._is_quiet
            case StepEnded(outcome=Outcome.SKIPPED):
                self._skipped += 1
                return self._tells_all or self._skipped <= MOST_SKIPPED
            case StepEnded(outcome=Outcome.APPLIED):
                return bool(event.warnings) or not (self._watched or self._is_quiet)
        return True


class Count:
    """How far an apply has come, how fast it is, and how long the rest will take."""

    def __init__(self, steps: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._steps = steps
        self._clock = clock
        self._began = clock()
        self._started = False
        self._ended = 0
        self._failed = 0

    def tell(self, event: Event) -> None:
        """Count a step that was made or failed; the time runs from the first that began."""
        if isinstance(event, StepStarted) and not self._started:
            self._started = True
            self._began = self._clock()
        if isinstance(event, StepEnded) and event.outcome is not Outcome.SKIPPED:
            self._ended += 1
            self._failed += event.outcome is Outcome.FAILED

    def text(self) -> str:
        """``Applying 1204/3000, 85/s, 21 s left``."""
        parts = [f"Applying {self._ended}/{self._steps}"]
        passed = self._clock() - self._began
        if self._ended and passed > 0:
            rate = self._ended / passed
            parts.append(f"{rate:.0f}/s" if rate >= 1 else f"{rate * 60:.0f}/min")
            parts.append(f"{time_text((self._steps - self._ended) / rate)} left")
        else:
            parts.append(time_text(passed))
        if self._failed:
            parts.append(f"{self._failed} failed")
        return ", ".join(parts)
