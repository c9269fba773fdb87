"""Many environments at a glance, as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.views.json.parts import Document, key_document
from reconciler.views.overview.merged import Chapter, Group, Overview


def groups(shown: Overview) -> Iterator[Document]:
    """What happens in just the same environments, outliers first."""
    yield from map(_chapter, shown.chapters)


def _chapter(chapter: Chapter) -> Document:
    return {
        "environments": list(chapter.environments),
        "changes": [_group(group) for group in chapter.groups],
    }


def _group(group: Group) -> Document:
    likeness = group.likeness
    return {
        "objects": [key_document(key) for key in group.objects],
        "symbol": likeness.symbol,
        "words": likeness.words,
        "variant": group.variant,
        "fields": [
            {"symbol": row.symbol, "field": row.name, "values": row.values, "remark": row.remark}
            for row in group.rows
        ],
        "remarks": list(likeness.remarks),
    }
