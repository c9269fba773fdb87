"""What depends on whether somebody is looking: colour, questions, progress."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

import click


def colour_on(stream: TextIO) -> bool:
    """Whether to paint: on a terminal, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def confirmed(question: str) -> bool:
    """Ask on the terminal; only the word ``yes`` is a yes."""
    click.echo(question, err=True)
    click.echo("  Only 'yes' is accepted: ", nl=False, err=True)
    return sys.stdin.readline().strip() == "yes"


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM set `stop`; a second one acts at once, as ever."""

    def handle(number: int, _frame: FrameType | None) -> None:
        stop.set()
        click.echo(
            "\nStopping: steps in flight are finished, the others skipped. "
            "Once more to stop at once.",
            err=True,
        )
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
