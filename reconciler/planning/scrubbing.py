"""Annotations in which other tools keep a whole Secret, with its values in the clear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.fields import ANNOTATIONS, METADATA
from reconciler.model.objects import SECRET, Live, ObjectKey
from reconciler.model.plans import FieldPath, Note
from reconciler.planning.ownership import Merged

COPYING_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "kapp.k14s.io/original-diff",
        "kapp.k14s.io/original-diff-full",
    }
)
"""Written by kubectl and kapp."""

_NAMED = 5


def scrubbed(merged: Merged) -> Merged:
    """`merged` without such annotations, whoever owns them."""

    def stays(path: FieldPath) -> bool:
        return path[:2] != (METADATA, ANNOTATIONS) or path[2] not in COPYING_ANNOTATIONS

    return Merged(
        target={path: leaf for path, leaf in merged.target.items() if stays(path)},
        claims=tuple(filter(stays, merged.claims)),
        kept=tuple(filter(stays, merged.kept)),
    )


def copies_values(live: Live) -> bool:
    """Whether a live Secret has such an annotation."""
    return live.kind == SECRET and not COPYING_ANNOTATIONS.isdisjoint(live.annotations)


def copying_notice(keys: Iterable[ObjectKey]) -> Iterator[Note]:
    """One note for all Secrets that have such an annotation and keep it."""
    ordered = sorted(keys)
    if not ordered:
        return
    names = ", ".join(map(str, ordered[:_NAMED]))
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    subject = "1 Secret has" if len(ordered) == 1 else f"{len(ordered)} Secrets have"
    yield Note(
        "values-in-annotation",
        f"{subject} plain-text values in an annotation written by kubectl or kapp: "
        f"{names}{more}; --scrub removes it",
    )
