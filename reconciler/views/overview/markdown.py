"""Many environments at a glance, as Markdown for a comment."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.views import change_words, words
from reconciler.views.fitting import Entry, fit
from reconciler.views.markdown import coloured, folded
from reconciler.views.markup import code, prose, prose_within
from reconciler.views.overview.compact import NOTE
from reconciler.views.overview.merged import (
    Chapter,
    Group,
    Matrix,
    Overview,
    Said,
    begun,
    count_text,
    facts,
    where,
)
from reconciler.views.words import counted

_MOST_COLUMNS = 12
_MOST_ROWS = 30
_RESERVE = 600
"""Characters reserved for what says what was left out."""
_MOST_OF_NAMES = 4_000
_OPEN = 10
"""So many changes are shown open."""


def overview(shown: Overview, summary: str, *, limit: int) -> str:
    """All of it under the heading `summary`, in at most `limit` characters.

    What failed or is refused comes first, then outliers, then what is common. What does not fit is
    left out, the least risky first, and the last line says how much that was.
    """
    everywhere, some = facts(shown)
    opening = [
        f"## {prose_within(summary, limit // 8)}",
        prose_within(", ".join([count_text(shown), *everywhere]), limit // 8),
        *_lines([f"- {prose(said.statement.text)}: {_where(said, shown)}" for said in some]),
    ]
    room = limit - _RESERVE - _size(opening)
    serious = [said for said in shown.statements if said.statement.rank < NOTE]
    notes = [said for said in shown.statements if said.statement.rank == NOTE]
    told, room, missing = _fitting([_statement(said, shown) for said in serious], room)
    left_out = [counted(missing, "error or refusal")] if missing else []
    body, room, missing = _chapters(shown, room)
    left_out += [counted(missing, "change")] if missing else []
    more, room, missing = _fitting([_note(said, shown) for said in notes], room)
    left_out += [counted(missing, "note")] if missing else []
    tables = [_matrix(shown.matrix, shown)] if shown.matrix else []
    tables.append(_figures(shown))
    for table in filter(None, tables):
        if len(table) + 2 <= room:
            room -= len(table) + 2
            more.append(table)
        else:
            left_out.append("a table")
    ending = [f"Left out, because a comment has its limit: {', '.join(left_out)}."]
    return "\n\n".join([*opening, *told, *body, *more, *(ending if left_out else [])])


def _lines(lines: Sequence[str]) -> list[str]:
    return ["\n".join(lines)] if lines else []


def _size(blocks: Sequence[str]) -> int:
    return sum(len(block) + 2 for block in blocks)


def _fitting(entries: Sequence[Entry], room: int) -> tuple[list[str], int, int]:
    """What of `entries` fits, the room that is left then, and how many do not fit."""
    texts, _ = fit(entries, room)
    return texts, room - _size(texts), len(entries) - len(texts)


def _chapters(shown: Overview, room: int) -> tuple[list[str], int, int]:
    """The chapters with as many of their changes as fit, the riskiest served first."""
    chapters = sorted(shown.chapters, key=lambda chapter: chapter.rank)
    is_open = sum(len(chapter.groups) for chapter in chapters) <= _OPEN
    blocks: dict[Chapter, list[str]] = {}
    missing = 0
    for chapter in chapters:
        told, names = where(chapter.environments, shown)
        heading = f"### {_names(begun(told), names)}"
        entries = [_group(group, is_open=is_open) for group in chapter.groups]
        texts, left, lacking = _fitting(entries, room - len(heading) - 2)
        missing += lacking
        if texts:
            blocks[chapter] = [heading, *texts]
            room = left
    return (
        [block for chapter in shown.chapters for block in blocks.get(chapter, ())],
        room,
        missing,
    )


def _names(told: str, names: Sequence[str]) -> str:
    """Words, and names as code: as many as are of use in a comment."""
    shown: list[str] = []
    room = _MOST_OF_NAMES
    for name in names:
        text = code(name)
        room -= len(text) + 2
        if room < 0:
            return f"{told} {', '.join(shown)} and {len(names) - len(shown)} more"
        shown.append(text)
    return f"{told} {', '.join(shown)}".rstrip()


def _where(said: Said, shown: Overview) -> str:
    return _names(*where(said.environments, shown))


def _statement(said: Said, shown: Overview) -> Entry:
    statement = said.statement
    short = f"> **{prose(statement.label)}** {_where(said, shown)}"
    more = "".join(f"\n> - {prose(line)}" for line in statement.more)
    return Entry(f"{short}: {prose(statement.text)}{more}", short)


def _note(said: Said, shown: Overview) -> Entry:
    text = f"- {prose(said.statement.text)}: {_where(said, shown)}"
    return Entry(text, text)


def _group(group: Group, *, is_open: bool) -> Entry:
    likeness = group.likeness
    variant = f" [{group.variant}]" if group.variant else ""
    lines = [coloured(line) for line in change_words.aligned(group.rows)]
    notes = [f"- {prose(text)}" for text in likeness.remarks]
    if len(group.objects) > 1:
        notes.append(f"- {_names('', [*map(words.object_text, group.objects)]).strip()}")
    name = f"{likeness.symbol} {group.title}"
    return folded(name, f"{likeness.words}{variant}", None, lines, notes, is_open=is_open)


def _matrix(matrix: Matrix, shown: Overview) -> str:
    """A table with a legend; nothing where it has too many columns."""
    if len(matrix.columns) > _MOST_COLUMNS:
        return ""
    rows = matrix.rows[:_MOST_ROWS]
    lines = [
        ["", *(code(column.label) for column in matrix.columns)],
        ["---", *("---" for _ in matrix.columns)],
        *([code(title), *(code(str(cell)) for cell in cells)] for title, cells in rows),
    ]
    table = "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)
    legend = [
        f"- {_names(f'{code(column.label)} {told}', names)}"
        for column in matrix.columns
        if len(column.environments) > 1
        for told, names in [where(column.environments, shown)]
    ]
    legend.append(f"- {', '.join(prose(told) for told in matrix.legend)}")
    if len(matrix.rows) > len(rows):
        legend.append(f"- and {counted(len(matrix.rows) - len(rows), 'more row')}")
    return "\n\n".join(["### Where environments differ", table, "\n".join(legend)])


def _cell(text: str) -> str:
    """A vertical line would end a cell even in code (GFM, "Tables")."""
    return text.replace("|", r"\|")


def _figures(shown: Overview) -> str:
    """A folded table of all environments with their stores."""
    figures = {name: said.statement.text for said in shown.figures for name in said.environments}
    lines = [
        f"| {code(name)} | {_cell(code(store))} | {_cell(prose(figures[name]))} |"
        for name, store in zip(shown.environments, shown.stores, strict=True)
    ]
    if not lines:
        return ""
    head = "| environment | store | |\n| --- | --- | --- |"
    table = "\n".join([head, *lines])
    return f"<details><summary>All environments</summary>\n\n{table}\n\n</details>"
