"""What differs between two environments, as JSON."""

from __future__ import annotations

from reconciler.model.difference import Difference, DiffState, ObjectDiff
from reconciler.views.json.parts import Document, key_document, serialised, source_document
from reconciler.views.json.plans import field_document

DIFFERENCE_FORMAT = "reconciler.difference/v1"


def difference(difference: Difference, configuration: str = "") -> str:
    """Every object, equal ones included (``difference-v1.json``)."""
    counts = difference.counts
    return serialised(
        {
            "format": DIFFERENCE_FORMAT,
            "configuration": configuration or None,
            "before": difference.before,
            "after": difference.after,
            "summary": {state: counts.get(state, 0) for state in DiffState},
            "objects": [_object(each) for each in difference.objects],
        }
    )


def _object(each: ObjectDiff) -> Document:
    return {
        "key": key_document(each.key),
        "state": each.state,
        "fields": [field_document(field) for field in each.fields],
        "equalKeys": list(each.equal_keys),
        "before": each.before and source_document(each.before),
        "after": each.after and source_document(each.after),
    }
