"""Merging environments one by one: memory has each different change once, and numbers of the rest.

So a run over many environments does not grow by their plans.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.escapes import escaped
from reconciler.model.objects import ObjectKey
from reconciler.views.change_words import Row
from reconciler.views.groups import MANY
from reconciler.views.overview.compact import (
    NOTE,
    Compact,
    Likeness,
    Occurrence,
    Statement,
)
from reconciler.views.overview.matrices import Line, Pattern, Topic, matrix_of
from reconciler.views.overview.merged import Cell, Chapter, DriftExample, Group, Overview, Said
from reconciler.views.overview.rows import Numbers, RowMaking

Way: TypeAlias = "tuple[Likeness, Numbers]"
"""What happens to an object, and in which environments."""


@dataclass(slots=True)
class _Statements:
    """The statements that are alike but for the names of their environments, and the first one."""

    first: Statement
    environments: list[str] = field(default_factory=list)


class Merging:
    """Takes environments in their order, and has what they come to together."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._failed: list[str] = []
        self._stores: list[str] = []
        self._facts: dict[str, Numbers] = {}
        self._figures: dict[str, Numbers] = {}
        self._statements: dict[Statement, _Statements] = {}
        # For each object, of each environment in turn: its number, that of its values, digests.
        self._changes: dict[Likeness, dict[ObjectKey, Numbers]] = {}
        # Of each drift about which anything can be done, the first, and its environment.
        self._first: dict[Likeness, tuple[str, Occurrence]] = {}
        self._texts: dict[str, str] = {}
        self._values: list[tuple[str, ...]] = []
        self._numbers: dict[tuple[str, ...], int] = {}

    def add(self, compact: Compact) -> None:
        """One more environment."""
        for statement in compact.statements:
            likeness = _without_names(statement, compact)
            said = self._statements.setdefault(likeness, _Statements(statement))
            said.environments.append(compact.environment)
        if not compact.has_answer:
            self._failed.append(compact.environment)
            return
        number = len(self._names)
        self._names.append(compact.environment)
        self._stores.append(compact.store)
        for fact in compact.facts:
            self._facts.setdefault(fact, array("I")).append(number)
        self._figures.setdefault(compact.figures, array("I")).append(number)
        for occurrence in compact.occurrences:
            objects = self._changes.setdefault(occurrence.likeness, {})
            numbers = objects.get(occurrence.key)
            if numbers is None:
                numbers = objects[self._kept(occurrence.key)] = array("Q")
            numbers.extend((number, self._number_of(occurrence.values), *occurrence.digests))
            if occurrence.remedies and occurrence.likeness not in self._first:
                self._first[occurrence.likeness] = compact.environment, occurrence

    def _kept(self, key: ObjectKey) -> ObjectKey:
        """`key`, with what it has in common with others kept once."""
        namespace = self._texts.setdefault(key.namespace, key.namespace)
        return ObjectKey(key.kind, namespace, key.name)

    def _number_of(self, values: tuple[str, ...]) -> int:
        """Where `values` are kept; equal ones, and equal texts in them, are kept once."""
        number = self._numbers.get(values)
        if number is None:
            number = len(self._values)
            self._values.append(tuple(self._texts.setdefault(text, text) for text in values))
            self._numbers[self._values[number]] = number
        return number

    def overview(self) -> Overview:
        """All that was added."""
        ways = self._ways()
        variants = {
            (topic, likeness): _letter(index)
            for topic, same in ways.items()
            for index, (likeness, _) in enumerate(same)
        }
        chapters = self._chapters(variants)
        return Overview(
            tuple(self._names),
            tuple(self._failed),
            tuple(self._stores),
            tuple(self._said(self._facts)),
            tuple(self._stated()),
            tuple(chapters),
            tuple(self._said(self._figures)),
            matrix_of(self._lines(ways), self._names, self._meanings()),
            tuple(self._examples(chapters)),
        )

    def _stated(self) -> list[Said]:
        """What is said of environments as a whole, the worst and then the rarest first."""
        stated = [
            Said(likeness if len(same.environments) > 1 else same.first, tuple(same.environments))
            for likeness, same in self._statements.items()
        ]
        return sorted(stated, key=lambda said: (said.statement.rank, len(said.environments)))

    def _said(self, by_text: Mapping[str, Numbers]) -> Iterator[Said]:
        for text, numbers in sorted(by_text.items(), key=lambda item: len(item[1])):
            yield Said(Statement(NOTE, "", text), self._called(numbers))

    def _called(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(self._names[number] for number in numbers)

    def _chapters(self, variants: Mapping[tuple[Topic, Likeness], str]) -> list[Chapter]:
        """Outliers first: what happens in half of the environments or fewer; then by risk."""
        by_places: dict[bytes, list[Group]] = {}
        making = RowMaking(self._names, self._values)
        for likeness, objects in self._changes.items():
            shown: dict[bytes, tuple[Row, ...]] = {}
            same: dict[tuple[bytes, tuple[Row, ...], str], list[ObjectKey]] = {}
            for key, numbers in objects.items():
                places = _environments(likeness, numbers).tobytes()
                variant = variants.get(((key, likeness.topic), likeness), "") if variants else ""
                alike = places, making.rows(likeness, numbers, shown), variant
                same.setdefault(alike, []).append(key)
            for (places, rows, variant), keys in same.items():
                groups = by_places.setdefault(places, [])
                groups += _groups(keys, likeness, rows, variant)
        chapters = [
            Chapter(
                self._called(array("I", places)),
                tuple(sorted(groups, key=lambda group: group.likeness.rank)),
            )
            for places, groups in by_places.items()
        ]
        half = len(self._names) / 2
        return sorted(
            chapters,
            key=lambda each: (
                len(each.environments) > half,
                each.rank,
                len(each.environments),
                each.environments,
            ),
        )

    def _examples(self, chapters: Iterable[Chapter]) -> Iterator[DriftExample]:
        """An example of each drift in `chapters` about which anything can be done."""
        if not self._first:
            return
        kinds = {group.likeness: None for chapter in chapters for group in chapter.groups}
        for likeness in kinds:
            if likeness not in self._first:
                continue
            environment, first = self._first[likeness]
            width = len(likeness.rows) + 2
            times = sum(len(same) // width for same in self._changes[likeness].values())
            yield DriftExample(first.key, environment, first.remedies, times - 1)

    def _ways(self) -> dict[Topic, list[Way]]:
        """The ways of objects that change in several ways, the most common first."""
        seen: dict[str, set[ObjectKey]] = {}
        ways: dict[Topic, list[Way]] = {}
        for likeness, objects in self._changes.items():
            before = seen.setdefault(likeness.topic, set())
            ways |= {(key, likeness.topic): [] for key in before.intersection(objects)}
            before.update(objects)
        for likeness, objects in self._changes.items() if ways else ():
            for key, numbers in objects.items():
                same = ways.get((key, likeness.topic))
                if same is not None:
                    same.append((likeness, _environments(likeness, numbers)))
        for same in ways.values():
            same.sort(key=lambda way: -len(way[1]))
        return ways

    def _lines(self, ways: Mapping[Topic, Sequence[Way]]) -> dict[Pattern, Line]:
        """What happens where to the objects that do not change alike everywhere."""
        lines: dict[Pattern, Line] = {}
        told = set[Topic]()
        for likeness, objects in self._changes.items():
            for key, numbers in objects.items():
                topic = key, likeness.topic
                environments = _environments(likeness, numbers)
                several = ways.get(topic)
                if several is None and len(environments) == len(self._names):
                    continue
                if several is None:
                    pattern: Pattern = ((Cell(likeness.symbol), environments.tobytes()),)
                elif topic not in told:
                    told.add(topic)
                    pattern = tuple(
                        (Cell(way.symbol, _letter(index)), places.tobytes())
                        for index, (way, places) in enumerate(several)
                    )
                else:
                    continue
                line = lines.setdefault(pattern, Line(topic))
                line.objects += 1
        return lines

    def _meanings(self) -> dict[str, str]:
        """What the symbols mean."""
        meanings: dict[str, dict[str, None]] = {}
        for likeness in self._changes:
            word, _, _ = likeness.words.partition(":")
            meanings.setdefault(likeness.symbol, {})[word] = None
        return {symbol: " or ".join(same) for symbol, same in meanings.items()}


def _without_names(statement: Statement, compact: Compact) -> Statement:
    """`statement` with ``(store)`` and ``(environment)`` for the names of those of `compact`.

    The name of a store that is a single word may be that of anything else.
    """
    texts = (statement.text, *statement.more)
    store = escaped(compact.store) if {*"/.:"} & {*compact.store} else ""
    for name, sort in ((store, "store"), (compact.environment, "environment")):
        if name:
            word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
            texts = tuple(word.sub(f"({sort})", text) for text in texts)
    return statement._replace(text=texts[0], more=texts[1:])


def _environments(likeness: Likeness, numbers: Numbers) -> Numbers:
    """Those of the environments among the `numbers` of an object."""
    return array("I", numbers[:: len(likeness.rows) + 2])


def _groups(
    keys: Sequence[ObjectKey], likeness: Likeness, rows: tuple[Row, ...], variant: str
) -> Iterator[Group]:
    if len(keys) >= MANY:
        yield Group(tuple(sorted(keys)), likeness, rows, variant)
    else:
        yield from (Group((key,), likeness, rows, variant) for key in keys)


def _letter(index: int) -> str:
    """``a``, ``b``, …, and after ``z`` numbers."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return letters[index] if index < len(letters) else str(index + 1)
