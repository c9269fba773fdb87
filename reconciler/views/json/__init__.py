"""All that is shown as JSON; the schemas are in ``reconciler/schemas``.

Where a secret value stands, there is ``{"$value": 2}``: equal values of one plan have equal
numbers. A uid that is known after the apply is ``{"$uidOf": "Secret/shop/db"}``. A name in an
object of a manifest that begins with ``$`` gets another ``$``, so that neither can be forged.
"""

from __future__ import annotations

from reconciler.views.json.differences import difference
from reconciler.views.json.events import environments_ended, event
from reconciler.views.json.histories import history
from reconciler.views.json.listings import listing
from reconciler.views.json.plans import plan, report
from reconciler.views.json.problems import diagnostics
from reconciler.views.json.reports import drift, drifts

__all__ = [
    "diagnostics",
    "difference",
    "drift",
    "drifts",
    "environments_ended",
    "event",
    "history",
    "listing",
    "plan",
    "report",
]
