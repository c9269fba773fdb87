"""Many environments at a glance: what is the same in many is said once, outliers first."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.views.heading import HeadedDrift, HeadedPlan
from reconciler.views.overview.compact import Compact, compact_of
from reconciler.views.overview.merged import Overview
from reconciler.views.overview.merging import Merging

FEW = 3
"""So many environments are shown one by one, and more at a glance."""

__all__ = [
    "FEW",
    "Compact",
    "Merging",
    "Overview",
    "compact_of",
    "overview_of",
]


def overview_of(several: Iterable[HeadedPlan | HeadedDrift]) -> Overview:
    """What several plans or drift reports come to together, each under its name."""
    merging = Merging()
    for headed in several:
        match headed:
            case HeadedPlan(plan, heading, name):
                merging.add(compact_of(name, plan, heading=heading))
            case HeadedDrift(report, name=name):
                merging.add(compact_of(name, report))
    return merging.overview()
