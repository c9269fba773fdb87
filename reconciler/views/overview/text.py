"""Many environments at a glance, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from reconciler.escapes import escaped, inert
from reconciler.views import words
from reconciler.views.overview.compact import NOTE
from reconciler.views.overview.merged import (
    NOTHING,
    Cell,
    Chapter,
    Group,
    Matrix,
    Overview,
    Said,
    begun,
    count_text,
    facts,
    where_text,
)
from reconciler.views.text.palette import Palette, indented, note_line
from reconciler.views.text.remedies import remedies_of_kinds
from reconciler.views.words import counted

_MOST_ROWS = 20
_MOST_FIGURES = 20
_GAP = "  "
_HINT = "Each environment by itself: --verbose, or --env NAME."


def overview(
    shown: Overview, *, colour: bool, width: int, quiet: bool = False, verbose: bool = False
) -> str:
    """What failed or is refused, outliers, what is common, and what each environment comes to.

    Lines of names are at most `width` long. Quiet, it ends behind what failed or is refused.
    """
    palette = Palette(colour)
    serious = [said for said in shown.statements if said.statement.rank < NOTE]
    blocks = [_statement(said, shown, palette, width) for said in serious]
    if not quiet:
        blocks.insert(0, _facts(shown, width))
        for chapter in shown.chapters:
            blocks += _chapter(chapter, shown, palette, width)
        notes = [said for said in shown.statements if said.statement.rank == NOTE]
        blocks += filter(None, ["\n".join(_note(said, shown, palette, width) for said in notes)])
        blocks += filter(
            None, [_matrix(shown.matrix, shown, palette, width) if shown.matrix else ""]
        )
        blocks.append(_figures(shown, palette, width))
        kinds = [(example.about, example.remedies) for example in shown.examples]
        blocks += remedies_of_kinds(kinds, whole=verbose)
        blocks.append("" if verbose else palette.paint(_HINT, "faint"))
    return inert("\n\n".join(filter(None, blocks)))


def _facts(shown: Overview, width: int) -> str:
    """What is true of all environments on one line, and below it what is true of some."""
    everywhere, some = facts(shown)
    first = ", ".join([count_text(shown), *everywhere])
    told = [f"{said.statement.text}: {where_text(said.environments, shown)}" for said in some]
    return "\n".join(_filled(text, width, "", "  ") for text in (first, *told))


def _statement(said: Said, shown: Overview, palette: Palette, width: int) -> str:
    label = said.statement.label
    where = where_text(said.environments, shown)
    first = _filled(f"{label} {where}:", width).removeprefix(label)
    painted = palette.paint(label, "bad") + first
    more = [f"    {line}" for line in said.statement.more]
    return "\n".join([painted, f"  {said.statement.text}", *more])


def _note(said: Said, shown: Overview, palette: Palette, width: int) -> str:
    where = _filled(where_text(said.environments, shown), width, "    ")
    return f"{note_line(said.statement.text, palette)}\n{where}"


def _chapter(chapter: Chapter, shown: Overview, palette: Palette, width: int) -> Iterator[str]:
    heading = _filled(begun(where_text(chapter.environments, shown)), width)
    yield "\n".join(palette.paint(line, "strong") for line in heading.split("\n"))
    yield from (_group(group, palette, width) for group in chapter.groups)


def _group(group: Group, palette: Palette, width: int) -> str:
    likeness = group.likeness
    variant = f"  [{group.variant}]" if group.variant else ""
    name = palette.paint(group.title, "strong")
    symbol = palette.paint(likeness.symbol, likeness.symbol)
    lines = [f"{symbol} {name} ({likeness.words}){variant}", *indented(group.rows, palette)]
    if len(group.objects) > 1:
        names = ", ".join(map(words.object_text, group.objects))
        lines.append(_filled(names, width, "      "))
    lines += [f"    {note_line(text, palette)}" for text in likeness.remarks]
    return "\n".join(lines)


def _matrix(matrix: Matrix, shown: Overview, palette: Palette, width: int) -> str:
    """The matrix with a legend; nothing where it does not fit."""
    rows = matrix.rows[:_MOST_ROWS]
    first = max(len(title) for title, _ in rows)
    labels = [escaped(column.label) for column in matrix.columns]
    if first + sum(len(label) + len(_GAP) for label in labels) > width:
        return ""
    lines = [palette.paint("Where environments differ", "strong")]
    lines.append(_GAP.join([" " * first, *labels]).rstrip())
    for title, cells in rows:
        padded = [
            _padded(cell, len(label), palette) for cell, label in zip(cells, labels, strict=True)
        ]
        lines.append(_GAP.join([f"{title:<{first}}", *padded]).rstrip())
    if len(matrix.rows) > len(rows):
        lines.append(f"and {counted(len(matrix.rows) - len(rows), 'more row')}")
    lines += [
        _filled(f"{escaped(column.label)}: {where_text(column.environments, shown)}", width)
        for column in matrix.columns
        if len(column.environments) > 1
    ]
    lines.append(_GAP.join(matrix.legend))
    return "\n".join(lines)


def _padded(cell: Cell, size: int, palette: Palette) -> str:
    text = str(cell)
    painted = text if cell == NOTHING else palette.paint(text, cell.symbol)
    return painted + " " * (size - len(text))


def _figures(shown: Overview, palette: Palette, width: int) -> str:
    """What the environments come to, the rarest first."""
    if not shown.figures:
        return ""
    lines = [palette.paint("All environments", "strong")]
    for said in shown.figures[:_MOST_FIGURES]:
        where = where_text(said.environments, shown)
        lines.append(_filled(f"{said.statement.text}: {where}", width, "  ", "    "))
    more = len(shown.figures) - _MOST_FIGURES
    if more > 0:
        lines.append(f"  and {more} more")
    return "\n".join(lines)


def _filled(text: str, width: int, indent: str = "", hanging: str = "") -> str:
    """`text` in lines of at most `width`; names are not broken."""
    return textwrap.fill(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=hanging or indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
