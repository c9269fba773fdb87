"""The parts that an output of several environments is made of, and a sentence about all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import ExitCode, ReconcilerError
from reconciler.model.shards import Share
from reconciler.views.formats import Style, Subject
from reconciler.views.words import counted

_MOST_NAMED = 10
_CODES = {
    ExitCode.ERROR: "failed",
    ExitCode.PARTIAL: "applied in part",
    ExitCode.STALE: "stale",
    ExitCode.REFUSED: "refused",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.CHANGES: "with changes",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What came of an environment: `text` in the format, unless an error came before it."""

    environment: str
    code: ExitCode
    text: str = ""
    error: ReconcilerError | None = None


Joining = Callable[[Iterable[Part], Subject, Style], Iterator[str]]


def summary(codes: Mapping[str, ExitCode], share: Share | None = None) -> str:
    """How many environments there are, and which of them did not end well, the worst first.

    `share` says what they are a part of, if they are not the whole run.
    """
    names = defaultdict(list)
    for name, code in codes.items():
        names[code].append(name)
    told = [
        f"{len(names[code])} {words}{_named(names[code], codes)}"
        for code, words in _CODES.items()
        if names[code]
    ]
    amount = counted(len(codes), "environment")
    if share is not None:
        amount = f"Shard {share.shard}, {len(codes)} of {counted(len(share.chosen), 'environment')}"
    return f"{amount}{': ' if told else ''}{', '.join(told)}."


def _named(names: Sequence[str], every: Collection[str]) -> str:
    """`` (eu-1, eu-2)``; nothing where that is all of them, or too many to be read."""
    if len(names) <= _MOST_NAMED:
        return f" ({', '.join(names)})"
    left = [name for name in every if name not in names]
    return f" (all but {', '.join(left)})" if 0 < len(left) <= _MOST_NAMED else ""


def ends_text(codes: Mapping[str, ExitCode], waiting: Mapping[str, str]) -> str:
    """What an apply of several environments came to; `waiting` has why some were not begun."""
    lines = [summary(codes)]
    lines += [f"Not begun: {name}, since {reason}." for name, reason in waiting.items()]
    if waiting or any(codes.values()):
        lines.append("What now: mend what failed, then run the same command again.")
    return "\n".join(lines)
