"""Documents that anybody may have written, told apart by their format."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.model.nodes import Misfit, check_depth, parsed
from reconciler.views.heading import HeadedDrift, HeadedPlan
from reconciler.views.json.parts import Document
from reconciler.views.json.plans import PLAN_FORMAT
from reconciler.views.json.reading import read_plan
from reconciler.views.json.reading_drift import read_drift
from reconciler.views.json.reports import DRIFT_FORMAT

Read = HeadedPlan | HeadedDrift

MOST_PARTS = 4_000_000
"""How many parts a document may have: 50,000 changes of a plan have them."""

_READERS: Mapping[str, Callable[[Document], Read]] = {
    PLAN_FORMAT: read_plan,
    DRIFT_FORMAT: read_drift,
}


def read_document(content: bytes) -> Read:
    """The plan or the drift report that is printed as JSON in `content`.

    Raises:
        Misfit: it is anything else.
    """
    document = parsed(content, MOST_PARTS)
    name = document.get("format") if isinstance(document, dict) else None
    if not isinstance(name, str) or name not in _READERS:
        raise Misfit("format", f"{' or '.join(_READERS)} is expected")
    check_depth(document)
    return _READERS[name](document)
