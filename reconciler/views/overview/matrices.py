"""Objects by environments, where not the same happens everywhere."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.objects import ObjectKey
from reconciler.views.overview.merged import NOTHING, Cell, Column, Matrix
from reconciler.views.words import object_text

_FEWEST = 2

Topic = tuple[ObjectKey, str]
"""An object, and what is said of it: see `Likeness`."""
Pattern = tuple[tuple[Cell, bytes], ...]
"""Cells, each with the environments that have it: an array of their numbers, as bytes."""


@dataclass(slots=True)
class Line:
    """A row in the making: how many ``objects`` have the same cells, and which is the first."""

    first: Topic
    objects: int = 0


def matrix_of(
    lines: Mapping[Pattern, Line], names: Sequence[str], meanings: Mapping[str, str]
) -> Matrix | None:
    """The matrix of `lines`, for the environments `names`.

    Environments in which the same happens are one column. There is none where it would say little.
    `meanings` are those of symbols.
    """
    if sum(line.objects for line in lines.values()) < _FEWEST:
        return None
    columns: list[dict[int, Cell]] = [{} for _ in names]
    for position, pattern in enumerate(lines):
        for cell, numbers in pattern:
            for number in array("I", numbers):
                columns[number][position] = cell
    alike: dict[tuple[tuple[int, Cell], ...], list[int]] = {}
    for number, cells in enumerate(columns):
        alike.setdefault(tuple(cells.items()), []).append(number)
    numbered = sorted(alike.values(), key=len)
    rows = tuple(
        (_title(line), tuple(columns[same[0]].get(position, NOTHING) for same in numbered))
        for position, line in enumerate(lines.values())
    )
    return Matrix(
        _columns([tuple(names[number] for number in same) for same in numbered]),
        rows,
        tuple(_legend((cells for _, cells in rows), meanings)),
    )


def _legend(rows: Iterable[Sequence[Cell]], meanings: Mapping[str, str]) -> Iterator[str]:
    used = {cell for row in rows for cell in row}
    symbols = {cell.symbol for cell in used}
    yield from (f"{symbol} {told}" for symbol, told in meanings.items() if symbol in symbols)
    if NOTHING in used:
        yield f"{NOTHING} nothing"
    if any(cell.variant for cell in used):
        yield "letters: not the same change"


def _columns(environments: Iterable[tuple[str, ...]]) -> tuple[Column, ...]:
    """A column is called like its environment, or by how many it stands for and a capital."""
    columns: list[Column] = []
    many = 0
    for names in environments:
        label = names[0]
        if len(names) > 1:
            label = f"{_capital(many)} ({len(names)})"
            many += 1
        columns.append(Column(label, names))
    return tuple(columns)


def _title(line: Line) -> str:
    key, topic = line.first
    title = object_text(key) + (f" ({topic})" if topic else "")
    return title if line.objects == 1 else f"{title} and {line.objects - 1} more"


def _capital(index: int) -> str:
    return chr(ord("A") + index % 26) + ("" if index < 26 else str(index // 26))  # noqa: PLR2004
