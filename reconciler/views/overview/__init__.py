"""Many environments at a glance: what is the same in many is said once, outliers first."""

from __future__ import annotations

from reconciler.views.overview.compact import Compact, compact_of
from reconciler.views.overview.merged import Overview
from reconciler.views.overview.merging import Merging

__all__ = [
    "Compact",
    "Merging",
    "Overview",
    "compact_of",
]
