"""What a command prints, and the files that it writes besides: ``--output`` and ``--report``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.invocation import configuration
from reconciler.cli.parameters import Word, listed
from reconciler.cli.terminal import colour_on, width_of
from reconciler.errors import ConfigError, FileNotWritten
from reconciler.escapes import escaped
from reconciler.files import make_directory_of, own_descriptor, write_whole
from reconciler.model.options import Topic
from reconciler.spelling import did_you_mean
from reconciler.views.formats import (
    Style,
    Subject,
    failed,
    formats_for,
    formats_of,
    outlives,
    rendered,
)
from reconciler.views.heading import Heading

if TYPE_CHECKING:
    from reconciler.model.plans import Note

Command = TypeVar("Command", bound=Callable[..., Any])

_REPORT_MODE = 0o644
"""Another user's program may collect a report, and it holds no value."""
_LARGEST_REPORT = 1 << 24
_PIECE = 1 << 20  # characters


class Verbosity(Enum):
    """How much is shown."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


def verbosity_of(settings: dict[str, Any]) -> Verbosity:
    """What ``--verbose`` and ``--quiet`` come to.

    Raises:
        ConfigError: both are given.
    """
    if settings["verbose"] and settings["quiet"]:
        raise ConfigError("--verbose and --quiet contradict each other")
    if settings["quiet"]:
        return Verbosity.QUIET
    return Verbosity.VERBOSE if settings["verbose"] else Verbosity.NORMAL


class ReportType(click.ParamType[tuple[str, Path]]):
    """``FORMAT=FILE``, with a format that can show the subject of the command."""

    name = "FORMAT=FILE"

    def __init__(self, *subjects: Subject) -> None:
        self._formats = formats_of(*subjects)

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> tuple[str, Path]:
        """Split the text."""
        if isinstance(value, tuple):
            return value
        name, _, path = str(value).partition("=")
        if name not in self._formats or not path:
            advice = did_you_mean(name, self._formats)
            choices = f"write FORMAT=FILE with one of {', '.join(self._formats)}"
            self.fail(f"{choices}; {advice}" if advice and path else choices, param, ctx)
        if path == "-":
            self.fail(f"for standard output, write {name}=/dev/stdout", param, ctx)
        return name, Path(path)


def output_options(*subjects: Subject) -> Callable[[Command], Command]:
    """``--output`` and ``--report`` with the formats that can show any of `subjects`."""

    def add(command: Command) -> Command:
        return format_option(*formats_of(*subjects))(report_option(*subjects)(command))

    return add


def report_option(*subjects: Subject) -> Callable[[Command], Command]:
    """``--report`` with the formats that can show any of `subjects`."""
    return listed(
        Topic.OUTPUT,
        "--report",
        "reports",
        type=ReportType(*subjects),
        multiple=True,
        callback=_refuse_one_file,
        help=f"Also write the {subjects[0].value} to a file in this format. Repeatable.",
    )


def _refuse_one_file(
    ctx: click.Context, param: click.Parameter, reports: tuple[tuple[str, Path], ...]
) -> tuple[tuple[str, Path], ...]:
    """Two reports need two files; a pipe or a terminal takes one after the other."""
    del param
    for (name, path), (other, second) in combinations(reports, 2):
        if is_same_file(path, second):
            raise click.UsageError(
                f"--report {name} and --report {other} would be the same file, "
                f"{escaped(str(second))}",
                ctx,
            )
    return reports


def is_same_file(path: Path, other: Path) -> bool:
    """Whether what is written to `path` would be lost once `other` is written."""
    if os.path.realpath(path) != os.path.realpath(other):
        return False
    is_stream = own_descriptor(path) is not None or (path.exists() and not path.is_file())
    return not is_stream


def format_option(*formats: str) -> Callable[[Command], Command]:
    """``--output`` with the formats that a command has; the first is the default."""
    return listed(
        Topic.OUTPUT,
        "--output",
        "-o",
        "output",
        type=Word(formats),
        metavar="FORMAT",
        default=formats[0],
        show_default=True,
        help=f"Output format: {', '.join(formats)}.",
    )


def verbosity_options(
    more: str = "objects in sync and the order of steps",
) -> Callable[[Command], Command]:
    """``--verbose``, which shows `more`, and ``--quiet``."""

    def add(command: Command) -> Command:
        quiet = listed(Topic.OUTPUT, "--quiet", "-q", is_flag=True, help=_QUIET_HELP)
        verbose = listed(Topic.OUTPUT, "--verbose", "-v", is_flag=True, help=f"Also show {more}.")
        return verbose(quiet(command))

    return add


def show(
    subject: Subject, shown: Any, settings: dict[str, Any], origin: Sequence[Note] = ()
) -> None:
    """Print `shown`, a `subject`, and write the reports that were asked for.

    `settings` are the parameters of the command; `origin` is what there is to know of the plan's
    file.

    Raises:
        ConfigError: a format that was asked for cannot show the subject.
        FileNotWritten: a report cannot be written.
    """
    _check_formats(subject, shown, settings)
    coloured = replace(
        style_of(settings, origin), colour=colour_on(sys.stdout), width=width_of(sys.stdout)
    )
    text = rendered(subject, output_of(subject, settings), shown, coloured)
    for start in range(0, len(text), _PIECE):  # encoded as a whole, a large text takes twice itself
        click.echo(text[start : start + _PIECE], nl=False)
    click.echo()
    write_reports(subject, shown, settings, origin)


def _check_formats(subject: Subject, shown: Any, settings: dict[str, Any]) -> None:
    """A command whose input decides what it shows offers the formats of all subjects."""
    able = formats_for(subject, shown)
    for name in (output_of(subject, settings), *(name for name, _ in settings.get("reports", ()))):
        if name not in able:
            message = f"the format {name} cannot show what is in these files"
            raise ConfigError(message, hint=f"use one of {', '.join(able)}")


def output_of(subject: Subject, settings: dict[str, Any]) -> str:
    """The format that was asked for; the default, for a command that has only one."""
    name: str = settings.get("output", formats_of(subject)[0])
    return name


def write_reports(
    subject: Subject, shown: Any, settings: dict[str, Any], origin: Sequence[Note] = ()
) -> None:
    """Write the reports of `shown` that were asked for; see `show`."""
    style = style_of(settings, origin)
    for name, path in settings.get("reports", ()):
        text = rendered(subject, name, shown, replace(style, quiet=False))
        write_report(path, f"{text}\n")


def write_report(path: Path, text: str) -> None:
    """Write a report for whoever collects it; the directories that it lies in are made.

    Raises:
        FileNotWritten: it cannot be written.
    """
    make_directory_of(path)
    write_whole(path, text.encode(), mode=_REPORT_MODE)


def note_failure(settings: dict[str, Any]) -> None:
    """Let the reports that outlive it say that this run has failed.

    What is wrong with such a file is not said: the failure itself is what matters.
    """
    for name, path in settings.get("reports", ()):
        earlier = earlier_report(path) if outlives(name) else ""
        if earlier:
            with suppress(FileNotWritten):
                write_report(path, failed(name, earlier))


def earlier_report(path: Path) -> str:
    """What an earlier run wrote to `path`; empty where that is nothing of use."""
    try:
        is_small = path.is_file() and path.stat().st_size <= _LARGEST_REPORT
        return path.read_text("utf-8") if is_small else ""
    except (OSError, UnicodeDecodeError):
        return ""


def shown_text(
    subject: Subject, shown: Any, settings: dict[str, Any], origin: Sequence[Note] = ()
) -> str:
    """`shown` as text for a terminal."""
    style = replace(style_of(settings, origin), colour=colour_on(sys.stdout))
    return rendered(subject, "text", shown, style)


def style_of(settings: dict[str, Any], origin: Sequence[Note] = ()) -> Style:
    """How the parameters of a command want it shown, without colour."""
    verbosity = Verbosity.NORMAL if "verbose" not in settings else verbosity_of(settings)
    return Style(
        verbose=verbosity is Verbosity.VERBOSE,
        quiet=verbosity is Verbosity.QUIET,
        limit=settings.get("limit"),
        key=settings.get("key", ""),
        heading=Heading(configuration(), tuple(origin)),
    )


_QUIET_HELP = "Show only the summary, and what needs attention."
