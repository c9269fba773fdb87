"""Drift as people read it: many objects with the same drift as one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from reconciler.views import words
from reconciler.views.drift_words import Finding
from reconciler.views.groups import MANY

_MOST_NAMES = 20
_WIDTH = 76

Alike = tuple[Finding, ...]
"""A finding, or many that differ in their names and places alone."""


def alike(findings: Iterable[Finding]) -> Iterator[Alike]:
    """`findings` in their order, many that are alike where the first of them stands."""
    by_likeness: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        by_likeness.setdefault(_likeness(finding), []).append(finding)
    for same in by_likeness.values():
        if len(same) >= MANY:
            yield tuple(same)
        else:
            yield from ((finding,) for finding in same)


def title(group: Alike) -> str:
    """``20 Secrets alike``."""
    return f"{len(group)} {group[0].item.key.kind}s alike"


def subject(group: Alike) -> str:
    """``Secret/shop/db``, or the title of many."""
    return title(group) if len(group) > 1 else words.object_text(group[0].item.key)


def all_of(group: Alike) -> str:
    """``Secret/shop/db; likewise for the 19 others``."""
    others = f"; likewise for the {len(group) - 1} others" if len(group) > 1 else ""
    return f"{words.object_text(group[0].item.key)}{others}"


def name_lines(group: Alike, *, whole: bool) -> list[str]:
    """The names of a group in lines for a terminal; not `whole`, the first of very many."""
    names = [words.object_text(finding.item.key) for finding in group]
    shown = names if whole or len(names) <= _MOST_NAMES else names[:_MOST_NAMES]
    more = [f"and {len(names) - len(shown)} more"] if len(shown) < len(names) else []
    lines: list[str] = []
    for name in (*shown, *more):
        if lines and len(lines[-1]) + len(name) + 2 <= _WIDTH:
            lines[-1] += f" {name},"
        else:
            lines.append(f"{name},")
    return [*lines[:-1], lines[-1].removesuffix(",")]


def _likeness(finding: Finding) -> Hashable:
    return finding.symbol, finding.item.key.kind, finding.words, tuple(finding.rows)
