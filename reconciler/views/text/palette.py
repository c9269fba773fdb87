"""Colours, and the lines that every kind of text has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import click

from reconciler.escapes import escaped
from reconciler.model.objects import ObjectKey, Source
from reconciler.views import change_words, words
from reconciler.views.change_words import Row

_STYLES: dict[str, dict[str, Any]] = {
    "+": {"fg": "green"},
    "~": {"fg": "yellow"},
    "-/+": {"fg": "magenta"},
    "-": {"fg": "red"},
    ".": {"fg": "cyan"},
    "^": {"fg": "cyan"},
    "=": {"dim": True},
    "!": {"fg": "yellow"},
    "?": {"fg": "yellow"},
    "bad": {"fg": "red", "bold": True},
    "good": {"fg": "green"},
    "warning": {"fg": "yellow", "bold": True},
    "strong": {"bold": True},
    "faint": {"dim": True},
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Paints only where `colour` is wanted. Text is escaped before it is painted."""

    colour: bool

    def paint(self, text: str, style: str) -> str:
        """`text`, in the colours of `style` where they are wanted."""
        return click.style(text, **_STYLES[style]) if self.colour else text


def headline(
    palette: Palette, symbol: str, key: ObjectKey, remark: str, source: Source | None
) -> str:
    """An object's line, with `remark` in brackets and its manifest's place behind."""
    name = palette.paint(words.object_text(key), "strong")
    line = f"{palette.paint(symbol, symbol)} {name} ({remark})"
    place = words.place_text(source)
    return f"{line}  {palette.paint(place, 'faint')}" if place else line


def indented(rows: Iterable[Row], palette: Palette) -> list[str]:
    """The fields below an object's line, in columns."""
    return [
        f"    {palette.paint(line.symbol, line.symbol)} {line.text}"
        for line in change_words.aligned(rows)
    ]


def note_line(message: str, palette: Palette) -> str:
    """Something to know, behind an exclamation mark."""
    return f"{palette.paint('!', '!')} {escaped(message)}"


def hint_line(hint: str) -> str:
    """What to do, below what is wrong."""
    return f"    hint: {escaped(hint)}"
