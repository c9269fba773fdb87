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
        blocks.append(_block("What now, for all of it:", report.remedies.of_all))
    groups = [*drift_groups.alike(drift_words.drifted(report))]
    shown = groups if whole else groups[:_FEW]
    for group in shown:
        each = report.remedies.of_objects.get(group[0].item.key, ())
        if each:
            blocks.append(_block(f"What now, for {drift_groups.all_of(group)}:", each))
    if len(shown) < len(groups) and blocks:
        blocks.append(f"--verbose and -o json show the commands for {len(groups) - _FEW} more.")
    return "\n\n".join(blocks)


def _block(heading: str, ways: Iterable[Remedy]) -> str:
    return "\n".join([heading, *(line for remedy in ways for line in _lines(remedy))])


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
