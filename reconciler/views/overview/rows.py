"""The rows of objects in many environments: their values, and where these are which."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.views.change_words import Row
from reconciler.views.overview.compact import NEW_VALUE, UNKNOWN, Likeness

_MOST_NAMED = 3
_MOST_TEXTS = _MOST_NAMED + 1
"""So many different values of a field that is not secret are told apart."""

Numbers: TypeAlias = "array[int]"
"""Numbers of environments, ascending."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a change of an object occurs, and with which values: an entry for each environment."""

    environments: Numbers
    values: list[tuple[str, ...]]
    digests: list[Numbers]

    def texts_of(self, row: int) -> dict[str, Numbers]:
        """Where a row has which value. Many values count as one, which is empty."""
        by_text: dict[str, Numbers] = {}
        for number, values in zip(self.environments, self.values, strict=True):
            text = values[row]
            key = text if text in by_text or len(by_text) < _MOST_TEXTS else ""
            by_text.setdefault(key, array("I")).append(number)
        return by_text


@dataclass(frozen=True, slots=True)
class RowMaking:
    """What rows are made with: the `names` of environments, and `values` by their numbers.

    Equal rows are `made` once, whatever objects they are of.
    """

    names: Sequence[str]
    values: Sequence[tuple[str, ...]]
    made: dict[Row, Row] = field(default_factory=dict)

    def rows(
        self, likeness: Likeness, numbers: Numbers, shown: dict[bytes, tuple[Row, ...]]
    ) -> tuple[Row, ...]:
        """The rows of an object; `shown` has those that were made before of the same likeness."""
        width = len(likeness.rows) + 2
        # Where an object occurs once, its digests say nothing.
        content = numbers[1:2].tobytes() if len(numbers) == width else numbers.tobytes()
        rows = shown.get(content)
        if rows is None:
            places = self._places(numbers, len(likeness.rows))
            rows = shown[content] = tuple(
                self._row(row, places, index) for index, row in enumerate(likeness.rows)
            )
        return rows

    def _row(self, row: Row, places: _Places, index: int) -> Row:
        equality = self._equality(places.digests[index], places)
        row = Row(
            row.symbol,
            row.name,
            self._shown(places.texts_of(index)),
            "; ".join(filter(None, (row.remark, equality))),
        )
        return self.made.setdefault(row, row)

    def _shown(self, texts: Mapping[str, Numbers]) -> str:
        """The value of a field, or in which environments it is which."""
        if len(texts) == 1:
            return next(iter(texts))
        if len(texts) > _MOST_NAMED:
            return "(differs)"
        ordered = sorted(texts.items(), key=lambda item: -len(item[1]))
        return "; ".join(f"{text} in {self._few(numbers)}" for text, numbers in ordered)

    def _equality(self, digests: Sequence[int], places: _Places) -> str:
        """In how many environments a new value is the same; nothing where nothing may be said."""
        if UNKNOWN in digests or len(digests) < 2:  # noqa: PLR2004 - one is equal to itself
            return ""
        counts = Counter(digests)
        if len(counts) == 1:
            return f"the same {NEW_VALUE[1:-1]} in all {len(digests)}"
        (common, number), *_ = counts.most_common(1)
        if len(counts) == len(digests):
            return f"{len(counts)} different values"
        if number <= len(digests) / 2:
            return f"{len(counts)} different values in {len(digests)} environments"
        others = array("I")
        for place, digest in zip(places.environments, digests, strict=True):
            if digest != common:
                others.append(place)
        another = "another one" if len(counts) == 2 else "others"  # noqa: PLR2004 - a pair
        return f"the same {NEW_VALUE[1:-1]} in {number}, {another} in {self._few(others)}"

    def _few(self, numbers: Numbers) -> str:
        """``eu-7, eu-9``, or how many they are."""
        if len(numbers) > _MOST_NAMED:
            return str(len(numbers))
        return ", ".join(self.names[number] for number in numbers)

    def _places(self, numbers: Numbers, rows: int) -> _Places:
        """What `numbers` of an object with so many `rows` stand for."""
        width = rows + 2
        return _Places(
            array("I", numbers[::width]),
            [self.values[number] for number in numbers[1::width]],
            [numbers[row::width] for row in range(2, width)],
        )
