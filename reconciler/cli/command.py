"""What all commands have in common: colour, help under headings, advice on misspelt words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from click.core import ParameterSource

from reconciler.cli.blanks import refuse_empty_values
from reconciler.cli.dashes import ELSEWHERE, refuse_single_dashes
from reconciler.cli.parameters import COLOR, COLOURS, Listed, Word, declaration
from reconciler.cli.terminal import is_forced, paint
from reconciler.model.options import Topic
from reconciler.spelling import did_you_mean

_NARROW = 30  # the widest that click makes the first column
_UNBREAKABLE = "\N{NON-BREAKING HYPHEN}"

MEANT = {
    "check": "validate",
    "delete": "destroy",
    "describe": "get",
    "force-unlock": "unlock",
    "lint": "validate",
    "list": "get",
    "ls": "get",
    "status": "drift",
}
"""What other programs call our commands."""


class _Formatter(click.HelpFormatter):
    """Breaks lines at spaces only: ``--max-`` and ``deletes`` on two lines is no option."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(_joined(text))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = _NARROW, col_spacing: int = 2
    ) -> None:
        """Write two columns."""
        super().write_dl([(left, _joined(right)) for left, right in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """All that was written."""
        return super().getvalue().replace(_UNBREAKABLE, "-")


class _Context(click.Context):
    formatter_class = _Formatter


class Spelling(click.Command):
    """A command or a group that takes ``--color`` and says how to spell what it does not take."""

    context_class = _Context

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        names, own = declaration(COLOR, COLOR.parameter, Word(COLOURS))
        self.params.append(Listed(names, **own, expose_value=False, callback=_paint))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Refuse empty values before anything is made of `args`."""
        if not extra.get("resilient_parsing"):
            context = self.context_class(self, parent, info_name)
            options = (each for each in self.params if isinstance(each, click.Option))
            refuse_empty_values(context, args, options)
        return self.parsed_context(info_name, args, parent, **extra)

    def parsed_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None, **extra: Any
    ) -> click.Context:
        """The context of a run of the command with `args`."""
        return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse `args`; what is no option of this command says what to write instead."""
        if not ctx.resilient_parsing:
            refuse_single_dashes(ctx, args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise self._advised(ctx, error) from None

    def _advised(self, ctx: click.Context, error: click.NoSuchOption) -> click.UsageError:
        name = error.option_name
        program = ctx.find_root()
        advice = ELSEWHERE.get(name.lstrip("-"), "")
        if not advice and name in _names(program):
            advice = f"it goes before the command: {program.info_name} {name} … {ctx.info_name}"
        advice = advice or did_you_mean(name, _names(ctx))
        message = f"no such option {name}"
        return click.UsageError(f"{message}; {advice}" if advice else message, ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options, each under what it is about."""
        records: dict[str, list[tuple[str, str]]] = {topic.value: [] for topic in Topic}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                topic = parameter.topic if isinstance(parameter, Listed) else Topic.OUTPUT
                records[topic.value].append(record)
        for heading, rows in records.items():
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows, col_max=max(_NARROW, formatter.width // 3))


class Command(Spelling):
    """A command."""


class CommandGroup(Spelling, click.Group):
    """A command with commands of its own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options, and the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; one that does not exist gets advice."""
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name):
            return super().resolve_command(ctx, args)
        names = self.list_commands(ctx)
        meant = MEANT.get(name)
        advice = f"did you mean {meant}?" if meant in names else did_you_mean(name, names)
        raise click.UsageError(
            f"no such command {name!r}; {advice or 'the commands are ' + ', '.join(names)}", ctx
        )


def _joined(text: str) -> str:
    """`text` that is not broken at its hyphens."""
    return text.replace("-", _UNBREAKABLE)


def _names(ctx: click.Context) -> list[str]:
    parameters = ctx.command.get_params(ctx)
    return [
        name
        for parameter in parameters
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    ]


def _paint(ctx: click.Context, parameter: click.Parameter, value: str) -> None:
    """The word nearest to the command counts; without one there, that of the program."""
    typed = ctx.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    if typed or ctx.parent is None:
        paint(value)
        ctx.color = True if is_forced() else None
