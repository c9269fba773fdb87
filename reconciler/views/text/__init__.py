"""All that is shown as text, for terminals and logs."""

from __future__ import annotations

from reconciler.views.text.differences import difference, difference_summary
from reconciler.views.text.events import event, more_skipped, what_now
from reconciler.views.text.histories import history
from reconciler.views.text.listings import listing, listing_summary
from reconciler.views.text.locks import lock
from reconciler.views.text.plans import plan, total
from reconciler.views.text.problems import diagnostics, error, notices, sources
from reconciler.views.text.reports import drift, drift_summary, drifts_total

__all__ = [
    "diagnostics",
    "difference",
    "difference_summary",
    "drift",
    "drift_summary",
    "drifts_total",
    "error",
    "event",
    "history",
    "listing",
    "listing_summary",
    "lock",
    "more_skipped",
    "notices",
    "plan",
    "sources",
    "total",
    "what_now",
]
