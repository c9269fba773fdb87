"""Empty values on the command line: always an error, since they come from a shell's unset variable.

``--out "$FILE"`` without ``FILE`` must not be read as the current directory, or as no ``--out``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click


def refuse_empty_values(
    context: click.Context, args: Sequence[str], options: Iterable[click.Option]
) -> None:
    """Make sure that no word of `args`, and no value in them, is empty.

    `options` are those of the command. An option that is not among them is another one's error:
    here, it is taken to have a value. Of a group, the words of its commands are left to these.

    Raises:
        UsageError: one is; the message names the option or the argument.
    """
    flags: set[str] = set()
    others: set[str] = set()
    for option in options:
        names = flags if option.is_flag or option.count else others
        names.update((*option.opts, *option.secondary_opts))
    before = ""
    for position, word in enumerate(args):
        name, equals, value = word.partition("=")
        if before in others and word:
            before = ""  # the value of an option
        elif word == "--":
            _refuse_empty_arguments(context, args[position + 1 :])
            return
        elif word.startswith("--") and equals:
            if not value and name not in flags:
                raise _empty_option(context, name)
            before = ""
        elif len(word) > 1 and word.startswith("-"):
            before = "" if word in flags else word
        elif not word and before:
            raise _empty_option(context, before)
        elif word and not context.allow_interspersed_args:
            return
        else:
            _refuse_empty_arguments(context, (word,))
            before = ""


def _refuse_empty_arguments(context: click.Context, words: Iterable[str]) -> None:
    if "" in words:
        arguments = (each for each in context.command.params if isinstance(each, click.Argument))
        name = next((each.make_metavar(context).strip("[].") for each in arguments), "a word")
        raise click.UsageError(f"{name}: an argument is empty; write it, or leave it out", context)


def _empty_option(context: click.Context, name: str) -> click.UsageError:
    return click.UsageError(f"{name}: the value is empty; write one, or leave {name} out", context)
