"""The lock of a set, as text."""

from __future__ import annotations

from reconciler.escapes import escaped, inert
from reconciler.model.locks import Lock
from reconciler.views.text.palette import Palette, note_line


def lock(lock: Lock, *, colour: bool) -> str:
    """Who holds the lock, where, since when and until when, and what its times say of clocks."""
    palette = Palette(colour)
    state = "locked" if lock.is_held else "not locked any more: its lock has expired"
    headline = escaped(f"The set {lock.set_name!r} is {state}.")
    lines = [palette.paint(headline, "strong"), ""]
    facts = {
        "holder": lock.holder_text,
        "host": lock.host or "unknown",
        "taken": lock.since_text,
        "expires": lock.until_text,
        "id": lock.id,
    }
    lines += [f"  {name:<8} {escaped(text)}" for name, text in facts.items()]
    if lock.clock_text:
        lines += ["", note_line(lock.clock_text, palette)]
    return inert("\n".join(lines))
