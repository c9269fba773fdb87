"""Documents that anybody may have written, told apart by their format."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.model.nodes import Misfit, check_depth, parsed
from reconciler.views.formats import Environments
from reconciler.views.heading import HeadedDrift, HeadedPlan
from reconciler.views.json.parts import ENVIRONMENTS_FORMAT, Document
from reconciler.views.json.plans import PLAN_FORMAT
from reconciler.views.json.reading import read_plan
from reconciler.views.json.reading_drift import read_drift
from reconciler.views.json.reading_environments import read_environments
from reconciler.views.json.reports import DRIFT_FORMAT

Read = HeadedPlan | HeadedDrift | Environments

MOST_PARTS = 4_000_000
"""How many parts a document may have: 50,000 changes of a plan have them."""

_READERS: Mapping[str, Callable[[Document], Read]] = {
    PLAN_FORMAT: read_plan,
    DRIFT_FORMAT: read_drift,
    ENVIRONMENTS_FORMAT: read_environments,
}


class Unrelated(Misfit):
    """A document that does not claim to be what is looked for."""


def read_document(content: bytes) -> Read:
    """The plan, the drift report, or those of several environments, that are JSON in `content`.

    Raises:
        Unrelated: it is JSON of another kind.
        Misfit: it is anything else.
    """
    document = parsed(content, MOST_PARTS)
    name = document.get("format") if isinstance(document, dict) else None
    if not isinstance(name, str) or name not in _READERS:
        kinds = {each.partition("/")[0] for each in _READERS}
        is_other_version = isinstance(name, str) and name.partition("/")[0] in kinds
        kind = Misfit if is_other_version else Unrelated
        raise kind("format", f"one of {', '.join(_READERS)} is expected")
    check_depth(document)
    return _READERS[name](document)
