"""The lock of a set, as text."""

from __future__ import annotations

from reconciler.model.locks import Lock
from reconciler.views.text.palette import Palette, note_line
from reconciler.views.words import escaped


def lock(found: Lock, *, colour: bool) -> str:
    """Who holds the lock, where, since when and until when, and what its times say of clocks."""
    palette = Palette(colour)
    state = "locked" if found.is_held else "not locked any more: its lock has expired"
    headline = escaped(f"The set {found.set_name!r} is {state}.")
    lines = [palette.paint(headline, "strong"), ""]
    facts = {
        "holder": found.holder_text,
        "host": found.host or "unknown",
        "taken": found.since_text,
        "expires": found.until_text,
        "id": found.id,
    }
    lines += [f"  {name:<8} {escaped(text)}" for name, text in facts.items()]
    if found.clock_text:
        lines += ["", note_line(found.clock_text, palette)]
    return "\n".join(lines)
