"""Options that are spelled with one dash, as Terraform spells them: always an error.

Click takes ``-no-color`` for ``-n o-color``, and would plan into the namespace ``o-color``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from reconciler.spelling import nearest

_SURELY, _PERHAPS = 0.8, 0.6

ELSEWHERE = {
    "no-color": "write --color=never",
    "chdir": "write -C DIRECTORY before the command",
    "json": "write -o json",
    "destroy": "run reconciler destroy",
    "refresh-only": "run reconciler drift",
    "generate-config-out": "run reconciler export",
    "state": "write --store URL",
    "compact-warnings": "write --quiet",
    "var": "leave it out: manifests have no variables",
    "var-file": "leave it out: manifests have no variables",
    "refresh": "leave it out: the store is always read",
    "input": "leave it out: without a terminal, nothing is asked",
    "lock": "leave it out: an apply always takes the lock of its set",
    "dry-run": "run reconciler plan",
    "diff": "run reconciler plan",
    "kube-context": "write --context NAME",
    "report": "to report what an apply does, save its plan: reconciler plan --out FILE --report …",
}
"""Options of Terraform, of kubectl and of other commands, and what to do instead."""


def refuse_single_dashes(context: click.Context, args: Sequence[str]) -> None:
    """Make sure that no word of `args` is an option whose second dash is missing.

    Raises:
        UsageError: one is, or has its value attached; the message says how to spell it.
    """
    options = [
        parameter
        for parameter in context.command.get_params(context)
        if isinstance(parameter, click.Option)
    ]
    by_name = {
        name: option for option in options for name in (*option.opts, *option.secondary_opts)
    }
    for word in _option_words(args, by_name, whole=context.allow_interspersed_args):
        if not (word.startswith("--") or _is_well_formed(word, by_name)):
            raise click.UsageError(_message(word, by_name), context)


def _option_words(
    args: Sequence[str], by_name: dict[str, click.Option], *, whole: bool
) -> Iterator[str]:
    """The words that are options and not their values; without `whole`, up to the first other."""
    words = iter(args)
    for word in words:
        if word == "--":
            return
        if len(word) > 1 and word.startswith("-"):
            yield word
            option = by_name.get(word)
            if option is not None and not (option.is_flag or option.count):
                next(words, None)
        elif not whole:
            return


def _is_well_formed(word: str, by_name: dict[str, click.Option]) -> bool:
    """Whether `word` is a letter, several flags of one letter, or a letter and one of few values.

    An arbitrary value behind a letter cannot be told from a long name.
    """
    letter, rest = word[:2], word[2:]
    option = by_name.get(letter)
    if not rest:
        return True
    if option is not None and isinstance(option.type, click.Choice):
        return rest in option.type.choices
    flags = [by_name.get(f"-{character}") for character in word[1:]]
    return all(flag is not None and flag.is_flag for flag in flags)


def _message(word: str, by_name: dict[str, click.Option]) -> str:
    name, equals, value = word[1:].partition("=")
    letter, rest = word[:2], word[2:]
    long = [option for option in by_name if option.startswith("--")]
    option = by_name.get(letter)
    takes_value = option is not None and not option.is_flag
    meant = nearest(f"--{name}", long, likeness=_SURELY if takes_value else _PERHAPS)
    if f"--{name}" in long:
        advice = f"write --{name}{equals}{value}"
    elif name in ELSEWHERE:
        advice = ELSEWHERE[name]
    elif meant:
        advice = f"did you mean {meant}?"
    elif takes_value:
        advice = f"write {letter} {rest.removeprefix('=')}"
    else:
        advice = "this command has no such option"
    return f"{word}: one dash takes a single letter, two dashes take a name; {advice}"
