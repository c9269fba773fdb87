"""A line at the end of a terminal that says what is going on, and leaves no trace."""

from __future__ import annotations

import itertools
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from reconciler.cli.terminal import is_dumb, is_heard, is_terminal, making_room

DELAY = 1.0
"""After how many seconds the line appears."""
_TICK = 0.2
_MARKS = "|/-\\"


@contextmanager
def alive(label: str) -> Iterator[None]:
    """Show on standard error, if somebody sits there, that ``label`` goes on for long."""
    began = time.monotonic()
    with live(lambda: f"{label} ({time_text(time.monotonic() - began)})"):
        yield


@contextmanager
def live(text: Callable[[], str]) -> Iterator[None]:
    """Show what `text` gives, again and again, once it has lasted for longer than `DELAY`."""
    if not is_terminal(sys.stderr) or is_dumb() or is_heard():
        yield
        return
    line = _Line(sys.stderr, text)
    with making_room(line.clear), line:
        yield


def time_text(seconds: float) -> str:
    """``7 s``, ``1m05s`` or ``2h03m``."""
    whole = int(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes}m{rest:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


class _Line:
    """The line, and the thread that draws it.

    The lock is one that a signal handler may take again: the handler runs in the main thread, at
    any place in it.
    """

    def __init__(self, stream: TextIO, text: Callable[[], str]) -> None:
        self._stream = stream
        self._text = text
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._width = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.clear()

    def clear(self) -> None:
        """Take the line away until it is drawn again, so that something else can be printed."""
        with self._lock:
            if self._width:
                self._put(f"\r{' ' * self._width}\r")
                self._width = 0

    def _run(self) -> None:
        wait = DELAY
        for symbol in itertools.cycle(_MARKS):
            if self._ended.wait(wait):
                return
            self._draw(f"{symbol} {self._text()}")
            wait = _TICK

    def _draw(self, text: str) -> None:
        # One column stays free: a full line would move a terminal on to the next one.
        text = text[: shutil.get_terminal_size().columns - 1]
        with self._lock:
            self._put(f"\r{text:<{self._width}}")
            self._width = len(text)

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # whoever sat there has gone
            self._ended.set()
