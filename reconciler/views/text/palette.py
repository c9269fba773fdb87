"""Colours, and the lines that every kind of text has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from reconciler.views.words import escaped

_STYLES: dict[str, dict[str, Any]] = {
    "+": {"fg": "green"},
    "~": {"fg": "yellow"},
    "-/+": {"fg": "magenta"},
    "-": {"fg": "red"},
    "=": {"dim": True},
    "!": {"fg": "yellow"},
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


def note_line(message: str, palette: Palette) -> str:
    """Something to know, behind an exclamation mark."""
    return f"{palette.paint('!', '!')} {escaped(message)}"


def hint_line(hint: str) -> str:
    """What to do, below what is wrong."""
    return f"    hint: {escaped(hint)}"
