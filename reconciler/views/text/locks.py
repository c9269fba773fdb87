"""The lock of a set, as text."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.escapes import escaped, inert
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.views.text.palette import Palette, note_line


def lock(lock: Lock, *, colour: bool, last: Run | None = None) -> str:
    """Who holds the lock of a set, where, since when and until when, and what its times say.

    `last` is the last run of the set.
    """
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
    if last is not None:
        told = last.told(datetime.fromtimestamp(lock.read_at, UTC))
        lines.append(f"  {'set':<8} {escaped(told)}")
    if lock.clock_text:
        lines += ["", note_line(lock.clock_text, palette)]
    return inert("\n".join(lines))
