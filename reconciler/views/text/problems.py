"""Diagnostics and errors as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.errors import ReconcilerError
from reconciler.escapes import escaped, inert
from reconciler.model.objects import Desired, Diagnostic, Severity
from reconciler.model.plans import Note, shown_key
from reconciler.views import words
from reconciler.views.text.palette import Palette, headline, hint_line, note_line
from reconciler.views.words import counted


def diagnostics(
    diagnostics: Sequence[Diagnostic], *, objects: int, files: int, colour: bool
) -> str:
    """A line for each diagnostic, hints indented below, and the count of all at the end.

    `objects` and `files` say how many were looked at.
    """
    palette = Palette(colour)
    where = f"in {counted(objects, 'object')} of {counted(files, 'file')}"
    if not diagnostics:
        return f"No problems {where}."
    errors = sum(item.severity is Severity.ERROR for item in diagnostics)
    warnings = len(diagnostics) - errors
    counts = [
        counted(number, noun)
        for number, noun in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    lines = [diagnostic_line(item, palette) for item in diagnostics]
    return inert("\n".join([*lines, palette.paint(f"{', '.join(counts)} {where}.", "strong")]))


def notices(notices: Iterable[Note], *, colour: bool) -> str:
    """A line for each remark on what was left out."""
    palette = Palette(colour)
    return inert("\n".join(note_line(notice.message, palette) for notice in notices))


def sources(objects: Iterable[Desired], *, colour: bool) -> str:
    """A line for each object that was loaded, with its place."""
    palette = Palette(colour)
    lines = (headline(palette, "=", shown_key(item), "checked", item.source) for item in objects)
    return inert("\n".join(lines))


def error(error: ReconcilerError, *, colour: bool) -> str:
    """What ended a command: the message, its details one by one, and the hint."""
    palette = Palette(colour)
    lines = [f"{palette.paint('Error:', 'bad')} {escaped(error.message)}"]
    lines += [f"  ~ {escaped(line)}" for line in error.details]
    if error.hint:
        lines.append(hint_line(error.hint))
    return inert("\n".join(lines))


def diagnostic_line(item: Diagnostic, palette: Palette) -> str:
    """``FILE:LINE:COLUMN: SEVERITY[CODE] OBJECT FIELD: MESSAGE``, and the hint below."""
    style = "bad" if item.severity is Severity.ERROR else "warning"
    label = palette.paint(f"{item.severity.value}[{escaped(item.code)}]", style)
    about = " ".join(filter(None, (label, escaped(item.object), escaped(item.field))))
    line = f"{words.source_text(item.source)}: {about}: {escaped(item.message)}"
    return f"{line}\n{hint_line(item.hint)}" if item.hint else line
