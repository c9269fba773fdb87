"""The ways to settle drift, as lines to copy into a shell."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from reconciler.escapes import escaped
from reconciler.model.drift import DriftReport
from reconciler.model.remedies import Remedy, RemedyStep
from reconciler.views import drift_groups, drift_words

_WIDTH = 78
_INDENT = " " * 11
_FEW = 3


def remedies(report: DriftReport, *, whole: bool) -> str:
    """What settles all drift at once, then that of objects; not `whole`, of the first few kinds."""
    blocks = []
    if report.remedies.of_all:
        blocks.append(_block("all of it", report.remedies.of_all))
    of_objects = report.remedies.of_objects
    kinds = [
        (drift_groups.all_of(group), of_objects.get(group[0].item.key, ()))
        for group in drift_groups.alike(drift_words.drifted(report))
    ]
    return "\n\n".join([*blocks, *remedies_of_kinds(kinds, whole=whole, begun=bool(blocks))])


def remedies_of_kinds(
    kinds: Sequence[tuple[str, Sequence[Remedy]]], *, whole: bool, begun: bool = False
) -> Iterator[str]:
    """A block for each of `kinds` of drift: what it is about, and the ways to settle it.

    Not `whole`, only the first few have one, and the rest is counted if anything was said, or had
    `begun` to be.
    """
    few = kinds if whole else kinds[:_FEW]
    for about, ways in few:
        if ways:
            begun = True
            yield _block(about, ways)
    if len(few) < len(kinds) and begun:
        yield f"--verbose and -o json show the commands for {len(kinds) - _FEW} more."


def _block(about: str, ways: Iterable[Remedy]) -> str:
    lines = (line for remedy in ways for line in _lines(remedy))
    return "\n".join([f"What now, for {about}:", *lines])


def _lines(remedy: Remedy) -> Iterator[str]:
    start = f"  {remedy.way:<9}"
    for step in remedy.steps:
        for line in _step(step):
            yield f"{start}{line}"
            start = _INDENT


def _step(step: RemedyStep) -> Sequence[str]:
    if step.edit:
        width = _WIDTH - len(_INDENT) - 2
        text = textwrap.wrap(escaped(step.edit), width, break_on_hyphens=False)
        return [f"# {line}" for line in text]
    return shell_lines(step.command)


def shell_lines(command: Sequence[str]) -> list[str]:
    """`command` in lines that a shell takes for one, broken where an option begins."""
    lines = [""]
    for words_together in _together(command):
        text = escaped(shlex.join(words_together))
        if lines[-1] and len(_INDENT) + len(lines[-1]) + len(text) + 3 > _WIDTH:
            lines[-1] += " \\"
            lines.append(f"  {text}")
        else:
            lines[-1] = f"{lines[-1]} {text}" if lines[-1] else text
    return lines


def _together(command: Sequence[str]) -> Iterator[list[str]]:
    """The words of `command`, an option with its value."""
    position = 0
    while position < len(command):
        word = command[position]
        after = command[position + 1 : position + 2]
        has_value = word.startswith("-") and "=" not in word and after and after[0][:1] != "-"
        yield [word, *after] if has_value else [word]
        position += 2 if has_value else 1
