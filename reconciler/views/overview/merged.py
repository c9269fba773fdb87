"""What many environments came to, merged: data for the formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.escapes import escaped
from reconciler.model.objects import ObjectKey
from reconciler.model.remedies import Remedy
from reconciler.views.change_words import Row
from reconciler.views.overview.compact import Likeness, Statement
from reconciler.views.words import counted, object_text


class Cell(NamedTuple):
    """The symbol of what happens to an object, and a letter where it is not always the same."""

    symbol: str
    variant: str = ""

    def __str__(self) -> str:
        return f"{self.symbol}{self.variant}"


NOTHING = Cell("·")
"""Nothing happens to the object in these environments."""


@dataclass(frozen=True, slots=True)
class Group:
    """The same change of one object, or of many that are alike.

    ``variant`` is a letter where the object changes in another way elsewhere.
    """

    objects: tuple[ObjectKey, ...]
    likeness: Likeness
    rows: tuple[Row, ...]
    variant: str = ""

    @property
    def title(self) -> str:
        """``Secret/shop/db`` or ``148 Secrets alike``."""
        if len(self.objects) == 1:
            return object_text(self.objects[0])
        return f"{len(self.objects)} {self.likeness.kind}s alike"


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happens in just these ``environments``, the greatest risk first."""

    environments: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def rank(self) -> int:
        """The greatest risk; lower is greater."""
        return self.groups[0].likeness.rank


@dataclass(frozen=True, slots=True)
class Column:
    """Environments in which the same happens to all objects of a matrix."""

    label: str
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Objects to which not the same happens everywhere, by environments.

    A row is the objects of which it tells, and a cell for each column. ``legend`` says what the
    symbols and letters mean.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    legend: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A statement, a fact or figures, and the environments of which it is said."""

    statement: Statement
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DriftExample:
    """The first object that has some drift, its environment, and what can be done about it.

    As many ``others`` have the same drift: other objects, or this one in other environments.
    """

    object: ObjectKey
    environment: str
    remedies: tuple[Remedy, ...]
    others: int

    @property
    def about(self) -> str:
        """``Secret/shop/db in eu-1; likewise for the 19 others``."""
        others = f"; likewise for the {self.others} others" if self.others else ""
        if self.others == 1:
            others = "; likewise for the other one"
        return f"{object_text(self.object)} in {escaped(self.environment)}{others}"


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. ``environments`` are those with an answer; ``stores`` are theirs.

    There is one of ``examples`` for each drift that is different, in the order of the chapters.
    """

    environments: tuple[str, ...]
    failed: tuple[str, ...]
    stores: tuple[str, ...]
    facts: tuple[Said, ...]
    statements: tuple[Said, ...]
    chapters: tuple[Chapter, ...]
    figures: tuple[Said, ...]
    matrix: Matrix | None = None
    examples: tuple[DriftExample, ...] = ()


def where(names: Sequence[str], shown: Overview) -> tuple[str, tuple[str, ...]]:
    """In how many environments something is so, and names by which that is said completely.

    ``("in all 40", ())``, ``("in 38 of 40, all but", ("eu-7", "eu-9"))``,
    ``("in 2 of 40:", ("eu-7", "eu-9"))`` or ``("only in", ("eu-7",))``. Failed ones do not count.
    """
    every = shown.environments
    if len(names) == 1:
        return "in" if names[0] in shown.failed else "only in", tuple(names)
    if set(names) & set(shown.failed):
        return f"in {len(names)}:", tuple(names)
    if len(names) == len(every):
        return f"in all {len(every)}{' that did not fail' if shown.failed else ''}", ()
    told = f"in {len(names)} of {len(every)}"
    if len(every) - len(names) < len(names):
        left = set(names)
        return f"{told}, all but", tuple(name for name in every if name not in left)
    return f"{told}:", tuple(names)


def begun(told: str) -> str:
    """`told` as the beginning of a heading."""
    return f"{told[:1].upper()}{told[1:]}"


def where_text(names: Sequence[str], shown: Overview) -> str:
    """``in 38 of 40, all but eu-7, eu-9``."""
    told, listed = where(names, shown)
    return escaped(f"{told} {', '.join(listed)}".rstrip())


def count_text(shown: Overview) -> str:
    """``40 environments``, those that failed included."""
    return counted(len(shown.environments) + len(shown.failed), "environment")


def facts(shown: Overview) -> tuple[list[str], list[Said]]:
    """What is true of all environments, and what is true of some."""
    everywhere = [
        said.statement.text
        for said in shown.facts
        if len(said.environments) == len(shown.environments)
    ]
    some = [said for said in shown.facts if len(said.environments) < len(shown.environments)]
    return everywhere, some
