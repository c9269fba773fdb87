"""From exceptions to messages and exit codes, in one place for every command."""

from __future__ import annotations

import gc
import importlib
import keyword
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import chdir
from io import StringIO, TextIOWrapper
from typing import Any, NoReturn

import click

from reconciler.cli.command import CommandGroup
from reconciler.cli.environment import keys_withheld
from reconciler.cli.parameters import CHDIR
from reconciler.cli.terminal import colour_on, give_up, interruptible, paint, remark
from reconciler.errors import ConfigError, ExitCode, ReconcilerError, environment_text
from reconciler.escapes import escaped


class Program(CommandGroup):
    """The command line as a whole: what a command returns or raises becomes the exit code.

    A command is imported when it is asked for; `summaries` has what the list of commands says.
    """

    def __init__(self, *args: Any, summaries: Mapping[str, str], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of their use."""
        del ctx
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in self._summaries:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"reconciler.cli.{name}")
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's signature
        **extra: Any,
    ) -> NoReturn:
        """Run a command and exit."""
        del standalone_mode
        _spare_the_encoding()
        paint("auto")
        # What cryptography finds odd in a certificate; what matters of it is a diagnostic.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"reconciler\.rules\.")
        # Frozen data has no cycles, and looking for them in all of a large plan takes half as
        # long again as making it. What is young is still looked at, a tenth of a GiB at a time.
        gc.set_threshold(1_000_000, 50, 1000)
        failure = ""
        try:
            with keys_withheld() as environ, interruptible():
                extra |= {"standalone_mode": False, "obj": environ}
                result = super().main(args, prog_name, complete_var, **extra)
            code = ExitCode(result or ExitCode.OK)
        except ReconcilerError as error:
            _show(error)
            code = error.exit_code
        except click.ClickException as error:
            remark(_usage(_without_content(error)))
            code = ExitCode.ERROR
        except (click.Abort, KeyboardInterrupt):
            # Else CPython ends by SIGINT, not with our code, where the interrupt came in the midst
            # of another exec of text, such as those by which dataclasses are made.
            exec("")  # noqa: S102
            remark("Interrupted.")
            code = ExitCode.INTERRUPTED
        except BrokenPipeError:  # whoever read the output has gone
            code = ExitCode.ERROR
        except Exception as error:  # noqa: BLE001 - its text might hold a value, its type does not
            failure = fault_text(error)
            code = ExitCode.ERROR
        if failure:  # told here, where the exception no longer holds the memory of all that failed
            remark(f"Error: {failure}")
        _drop_what_cannot_be_written()
        sys.exit(code)


def go_there(ctx: click.Context, _: click.Parameter, place: str | None) -> None:
    """Go to the directory of ``--chdir``, before anything is looked for.

    Raises:
        ConfigError: that cannot be.
    """
    ctx.meta[CHDIR] = place
    if place is None or ctx.resilient_parsing:
        return
    try:
        ctx.with_resource(chdir(place))
    except OSError as error:
        raise ConfigError(f"--chdir: {place}: {error.strerror}") from None


def _spare_the_encoding() -> None:
    """Let a terminal that knows few characters see escapes for the others."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_what_cannot_be_written() -> None:
    """Give up an output that is full or closed and for which anything is left."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # as it is where the program was started without
                stream.flush()
        except OSError:
            give_up(stream)


def _without_content(error: click.ClickException) -> click.ClickException:
    """The error without what a variable holds: that may be a key in the wrong variable."""
    if not isinstance(error, click.BadParameter) or error.param is None:
        return error
    content = os.environ.get(str(error.param.envvar))
    if not content:
        return error
    message = error.message.replace(repr(content), "what the variable holds")
    return click.BadParameter(message, error.ctx, error.param, error.param_hint)


def _show(error: ReconcilerError) -> None:
    from reconciler.views import text

    remark(text.error(error, colour=colour_on(sys.stderr)))


def _usage(error: click.ClickException) -> str:
    """What click says of a command line, parts of which it quotes as they are."""
    message = error.format_message()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return message  # the help, and nothing that anybody typed
    if not isinstance(error, click.MissingParameter):  # quotes nothing, and may list choices
        message = escaped(message)
    shown = StringIO()
    context = error.ctx if isinstance(error, click.UsageError) else None
    click.UsageError(message, context).show(shown)
    return shown.getvalue().removesuffix("\n")


def fault_text(error: Exception) -> str:
    """What may be told of a fault: its kind and its place, never its text."""
    import traceback
    from pathlib import Path

    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    file = Path(frame.f_code.co_filename)
    if isinstance(error, OSError) and file.parent == Path(click.__file__).parent:
        return f"the output cannot be written: {error.strerror}"  # all of it goes through click
    environment = environment_text(error)
    if environment:
        return environment
    place = f"{file.name}:{line}"
    return (
        f"unexpected {type(error).__name__} at {place}. This is a bug of reconciler: please report "
        "it with this line; the full error is withheld, since it might hold a secret value."
    )
