"""What a set holds, as a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.escapes import escaped, inert
from reconciler.views import plan_words, words
from reconciler.views.text.palette import Palette
from reconciler.views.words import counted, quoted

if TYPE_CHECKING:
    from reconciler.model.listing import ListedObject, Listing

_HEADINGS = ("OBJECT", "TYPE", "IMMUTABLE", "KEYS", "AGE", "CONSUMERS")
_NOTHING = "-"
_AMBIGUOUS = set(' ,"')
_WIDEST_CELL = 40
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86_400, 365 * 86_400
_NAMES = {1: "s", _MINUTE: "m", _HOUR: "h", _DAY: "d", _YEAR: "y"}
# Up to which age it is told in which unit, and in which smaller one besides.
_STEPS = (
    (2 * _MINUTE, 1, 0),
    (10 * _MINUTE, _MINUTE, 1),
    (3 * _HOUR, _MINUTE, 0),
    (8 * _HOUR, _HOUR, _MINUTE),
    (2 * _DAY, _HOUR, 0),
    (8 * _DAY, _DAY, _HOUR),
    (2 * _YEAR, _DAY, 0),
    (8 * _YEAR, _YEAR, _DAY),
)


def listing(
    listing: Listing,
    *,
    now: datetime,
    colour: bool,
    whole: bool = False,
    configuration: str = "",
) -> str:
    """A row for each object, with its age at `now`, which must be aware of its time zone.

    Names of objects are whole, as ``--target`` takes them; other cells are cut where they get long,
    unless `whole`.
    """
    palette = Palette(colour)
    blocks = [plan_words.set_text(listing.set_name, listing.store, configuration)]
    blocks[0] += plan_words.last_text(listing.last, now)
    if listing.objects:
        width = sys.maxsize if whole else _WIDEST_CELL
        rows = [_row(listed, now, width) for listed in listing.objects]
        blocks.append("\n".join(_table(rows, palette)))
    blocks.append(palette.paint(listing_summary(listing), "strong"))
    return inert("\n\n".join(blocks))


def listing_summary(listing: Listing) -> str:
    """The last line alone."""
    return f"{counted(len(listing.objects), 'object')}."


def age_text(created: str, now: datetime) -> str:
    """``45s``, ``3h12m`` or ``5d``: as exact as kubectl tells ages.

    Source: k8s.io/apimachinery/pkg/util/duration.HumanDuration. A dash stands for a time that is
    not known; one to come counts as now.
    """
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return _NOTHING
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = max(int((now - then).total_seconds()), 0)
    for limit, unit, part in _STEPS:
        if seconds < limit:
            return _units(seconds, unit, part)
    return _units(seconds, _YEAR, 0)


def _units(seconds: int, unit: int, part: int) -> str:
    whole, rest = divmod(seconds, unit)
    parts = rest // part if part else 0
    return f"{whole}{_NAMES[unit]}" + (f"{parts}{_NAMES[part]}" if parts else "")


def _row(listed: ListedObject, now: datetime, width: int) -> tuple[str, ...]:
    return (
        words.object_text(listed.key),
        _cell(listed.type, width),
        "yes" if listed.immutable else _NOTHING,
        _cells(listed.data_keys, width),
        age_text(listed.created, now),
        _cells([str(key) for key in listed.consumers], width),
    )


def _table(rows: Sequence[tuple[str, ...]], palette: Palette) -> list[str]:
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = [palette.paint(_line(_HEADINGS, widths), "strong")]
    return lines + [_line(row, widths) for row in rows]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _cells(texts: Sequence[str], width: int) -> str:
    """As many of `texts` as fit, one at least, and how many more there are."""
    shown = [_cell(text, width) for text in texts[:1]]
    for text in texts[1:]:
        if len(", ".join([*shown, _cell(text, width)])) > width:
            break
        shown.append(_cell(text, width))
    more = len(texts) - len(shown)
    return ", ".join([*shown, f"+{more} more"] if more else shown) or _NOTHING


def _cell(text: str, width: int) -> str:
    """`text` as it is written, or so much of its beginning that no escape is cut in two."""
    whole = _written(text)
    if len(whole) <= width:
        return whole
    end = width
    while len(_written(f"{text[:end]}…")) > width:
        end -= 1
    return _written(f"{text[:end]}…")


def _written(text: str) -> str:
    """`text`, quoted where it could be taken for more than one cell, or for none."""
    if not text:
        return _NOTHING
    return quoted(text) if text == _NOTHING or set(text) & _AMBIGUOUS else escaped(text)
