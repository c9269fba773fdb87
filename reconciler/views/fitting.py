"""Entries of a comment in as many characters as it may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from reconciler.views.words import counted

_RESERVE = 600
"""Characters reserved for the last line."""


class Entry(NamedTuple):
    """An entry of a section, with and without its details."""

    whole: str
    short: str


class Section(NamedTuple):
    """Entries of one kind, with an optional heading."""

    noun: str
    entries: Sequence[Entry]
    heading: str = ""


def fitted(parts: list[str], *sections: Section, limit: int) -> str:
    """All of `parts`, and as much of `sections` as fits into the limit."""
    room = limit - _RESERVE - sum(len(part) + 2 for part in parts)
    shortened, dropped = Counter[str](), Counter[str]()
    for noun, entries, heading in sections:
        fitting, without_details = fit(entries, room - len(heading) - 2)
        shown = [heading, *fitting] if heading and fitting else fitting
        room -= sum(len(part) + 2 for part in shown)
        parts += shown
        shortened[noun] += without_details
        dropped[noun] += len(entries) - len(fitting)
    left_out = [f"the details of {counted(shortened[noun], noun)}" for noun in +shortened]
    left_out += [f"{counted(dropped[noun], noun)} altogether" for noun in +dropped]
    if left_out:
        parts.append(f"Left out, because a comment has its limit: {', '.join(left_out)}.")
    return "\n\n".join(parts)


def fit(entries: Sequence[Entry], room: int) -> tuple[list[str], int]:
    """What of `entries` fits into `room` characters, and how many of them lost their details.

    Names go before details: an entry is shown whole only where the names of all others fit too.
    """
    spare = room - sum(len(entry.short) + 2 for entry in entries)
    fitting: list[str] = []
    without_details = 0
    for entry in entries:
        more = len(entry.whole) - len(entry.short)
        text = entry.short
        if more <= spare:
            text = entry.whole
            spare -= more
        if len(text) + 2 > room:
            break
        without_details += text is not entry.whole
        room -= len(text) + 2
        fitting.append(text)
    return fitting, without_details
