"""What depends on whether somebody is looking: colour, questions, progress."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import TYPE_CHECKING, TextIO

import click

from reconciler.escapes import inert

if TYPE_CHECKING:
    from reconciler.model.events import Event


_COLUMNS = 80

_wish: ContextVar[str] = ContextVar("colour", default="auto")
_clearing: list[Callable[[], None]] = []
_heard: ContextVar[Callable[[str], None] | None] = ContextVar("heard", default=None)


@contextmanager
def heard_by(hear: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile, give what this thread remarks to `hear`, and leave the terminal to others."""
    token = _heard.set(hear)
    try:
        yield
    finally:
        _heard.reset(token)


def is_heard() -> bool:
    """Whether what this thread remarks goes to somebody else than the terminal."""
    return _heard.get() is not None


@contextmanager
def making_room(clear: Callable[[], None]) -> Iterator[None]:
    """Meanwhile, have `make_room` call `clear`, which takes a line away that is in the way."""
    _clearing.append(clear)
    try:
        yield
    finally:
        _clearing.remove(clear)


def make_room() -> None:
    """Call this before anything is printed while a command is at work."""
    for clear in _clearing:
        clear()


def is_dumb() -> bool:
    """Whether the terminal knows no more than to print."""
    return os.environ.get("TERM") == "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits at `stream`; None stands for one that was closed from the start."""
    return stream is not None and stream.isatty()


def paint(when: str) -> None:
    """Let ``auto``, ``always`` or ``never`` decide on colour, for this run of the program."""
    _wish.set(when)


def colour_on(stream: TextIO | None) -> bool:
    """Whether to paint: on a terminal, unless something else was asked for.

    ``--color`` wins over NO_COLOR (https://no-color.org), and that over FORCE_COLOR
    (https://force-color.org), as in Python.
    """
    if is_forced():
        return True
    is_refused = _wish.get() == "never" or os.environ.get("NO_COLOR")
    return is_terminal(stream) and not is_refused and not is_dumb()


def width_of(stream: TextIO | None) -> int:
    """How many columns to fill: those of the terminal, and 80 where `stream` goes elsewhere."""
    return shutil.get_terminal_size().columns if is_terminal(stream) else _COLUMNS


def is_forced() -> bool:
    """Whether to paint wherever the output goes."""
    wish = _wish.get()
    forced = os.environ.get("FORCE_COLOR") and not os.environ.get("NO_COLOR")
    return wish == "always" or (wish == "auto" and bool(forced))


def remark(message: str) -> None:
    """Say `message`, without workflow commands, on standard error, if that can still be written."""
    hear = _heard.get()
    if hear is not None:
        hear(message)
    else:
        say(message)


def say(message: str) -> None:
    """The same, whoever hears the remarks of this thread."""
    make_room()
    try:
        click.echo(inert(message), err=True, color=is_forced() or None)
    except OSError:
        give_up(sys.stderr)


def give_up(stream: TextIO) -> None:
    """Send nowhere what is left for `stream`, and what is still to come.

    Python would try once more at exit, complain, and end with a code of its own.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def going_on_unheard(emit: Callable[[Event], None]) -> Callable[[Event], None]:
    """`emit` as long as standard output can be written; what is under way goes on without it."""

    def emit_if_heard(event: Event) -> None:
        try:
            emit(event)
        except OSError as error:
            give_up(sys.stdout)
            remark(
                f"Standard output cannot be written ({error.strerror}). The apply goes on, and its "
                "exit code tells how it ends."
            )

    return emit_if_heard


def confirmed(question: str) -> bool:
    """Ask on the terminal; only the word ``yes`` is a yes."""
    click.echo(question, err=True)
    click.echo("  Only 'yes' is accepted: ", nl=False, err=True)
    return sys.stdin.readline().strip() == "yes"


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM interrupt as SIGINT does, so that nothing half-made is left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL or not _is_main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def stopping(stop: threading.Event, begun: threading.Event) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM set `stop`; a second one acts at once, as ever.

    Until `begun` is set, nothing is in flight that is worth finishing, and the wait may be for a
    pipe or a server that never answers: the first one acts at once, too.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        stop.set()
        if not begun.is_set():
            raise KeyboardInterrupt
        remark("\nStopping: steps in flight are finished, others skipped. Again to stop at once.")
        # A second SIGTERM ends the process whatever it waits for, as SIGKILL would.
        second = signal.SIG_DFL if number == signal.SIGTERM else before[signal.Signals(number)]
        signal.signal(number, second)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
