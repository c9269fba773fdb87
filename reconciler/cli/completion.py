"""``reconciler completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reconciler.cli.command import Command
from reconciler.cli.options import examples
from reconciler.cli.parameters import Word
from reconciler.errors import ExitCode


@click.command(
    cls=Command,
    epilog=examples(
        'eval "$(reconciler completion bash)"   # in ~/.bashrc',
        'eval "$(reconciler completion zsh)"    # in ~/.zshrc',
        "reconciler completion fish > ~/.config/fish/completions/reconciler.fish",
    ),
)
@click.argument("shell", type=Word(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> ExitCode:
    """Print the completion script of a shell."""
    maker = get_completion_class(shell)
    assert maker is not None
    program = context.find_root().command
    click.echo(maker(program, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return ExitCode.OK
