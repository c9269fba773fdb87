"""How an apply is followed: a bar on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from reconciler.cli.output import Verbosity
from reconciler.cli.terminal import colour_on, is_terminal
from reconciler.model.events import ApplyEnded, Event, Outcome, StepEnded, StepStarted, StepWaiting


@contextmanager
def reporter(output: str, verbosity: Verbosity, steps: int) -> Iterator[Callable[[Event], None]]:
    """What is to be told every event, for the format `output`, ``text`` or ``json``."""
    if output == "json":
        yield _json_line
    elif verbosity is Verbosity.QUIET:
        yield _quiet_line
    elif is_terminal(sys.stdout):
        with _bar(steps) as emit:
            yield emit
    else:
        yield _text_line


def _json_line(event: Event) -> None:
    from reconciler.views import json

    click.echo(json.event(event))


def _text_line(event: Event) -> None:
    from reconciler.views import text

    if not isinstance(event, StepStarted):
        click.echo(text.event(event, colour=colour_on(sys.stdout)))


def _quiet_line(event: Event) -> None:
    if not (_went_well(event) or isinstance(event, StepWaiting)):
        _text_line(event)


def _went_well(event: Event) -> bool:
    return isinstance(event, StepEnded) and event.outcome is Outcome.APPLIED and not event.warnings


@contextmanager
def _bar(steps: int) -> Iterator[Callable[[Event], None]]:
    """A progress bar; what did not go well is told in full as it happens, the rest is counted."""
    with click.progressbar(length=steps, label="Applying", show_pos=True) as bar:

        def emit(event: Event) -> None:
            if isinstance(event, StepEnded):
                bar.update(1)
            if isinstance(event, ApplyEnded):
                bar.render_finish()
            if not _went_well(event) and not isinstance(event, StepStarted):
                click.echo("\r", nl=False)
                _text_line(event)

        yield emit
