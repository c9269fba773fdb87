"""Objects by environments, where not the same happens everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.model.objects import ObjectKey
from reconciler.views.overview.merged import NOTHING, Cell, Column, Matrix
from reconciler.views.words import object_text

_FEWEST = 2


def matrix_of(
    cells: Mapping[tuple[ObjectKey, str], Mapping[int, Cell]],
    names: Sequence[str],
    meanings: Mapping[str, str],
) -> Matrix | None:
    """The matrix of `cells`, by objects with their topics and by numbers of environments.

    Environments in which the same happens are one column, and objects that have the same cells are
    one row. There is none where it would say little. `meanings` are those of symbols.
    """
    if len(cells) < _FEWEST:
        return None
    patterns: list[list[tuple[int, Cell]]] = [[] for _ in names]
    for position, by_number in enumerate(cells.values()):
        for number, cell in by_number.items():
            patterns[number].append((position, cell))
    alike: dict[tuple[tuple[int, Cell], ...], list[int]] = {}
    for number, pattern in enumerate(patterns):
        alike.setdefault(tuple(pattern), []).append(number)
    numbers = sorted(alike.values(), key=len)
    rows: dict[tuple[Cell, ...], list[tuple[ObjectKey, str]]] = {}
    for key, by_number in cells.items():
        row = tuple(by_number.get(same[0], NOTHING) for same in numbers)
        rows.setdefault(row, []).append(key)
    columns = _columns([tuple(names[number] for number in same) for same in numbers])
    shown = tuple((_title(keys), row) for row, keys in rows.items())
    return Matrix(columns, shown, tuple(_legend(rows, meanings)))


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


def _title(topics: Sequence[tuple[ObjectKey, str]]) -> str:
    key, topic = topics[0]
    title = object_text(key) + (f" ({topic})" if topic else "")
    return title if len(topics) == 1 else f"{title} and {len(topics) - 1} more"


def _capital(index: int) -> str:
    return chr(ord("A") + index % 26) + ("" if index < 26 else str(index // 26))  # noqa: PLR2004
