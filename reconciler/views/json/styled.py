"""JSON for each subject: always the whole."""

from __future__ import annotations

from reconciler.model.difference import Difference
from reconciler.model.drift import DriftReport
from reconciler.model.history import History
from reconciler.model.listing import Listing
from reconciler.model.plans import Plan
from reconciler.views import json
from reconciler.views.formats import Checked, Drifts, PlanReport, Style


def plan(plan: Plan, style: Style) -> str:
    """See `reconciler.views.json.plan`."""
    return json.plan(plan, style.heading)


def report(report: PlanReport, style: Style) -> str:
    """See `reconciler.views.json.report`."""
    del style
    return json.report(report.plans)


def drift(report: DriftReport, style: Style) -> str:
    """See `reconciler.views.json.drift`."""
    return json.drift(report, style.heading.configuration)


def drifts(drifts: Drifts, style: Style) -> str:
    """See `reconciler.views.json.drifts`."""
    del style
    return json.drifts(drifts)


def difference(difference: Difference, style: Style) -> str:
    """See `reconciler.views.json.difference`."""
    return json.difference(difference, style.heading.configuration)


def check(checked: Checked, style: Style) -> str:
    """See `reconciler.views.json.diagnostics`."""
    del style
    return json.diagnostics(
        checked.diagnostics,
        objects=len(checked.objects),
        files=checked.files,
        notices=checked.notices,
    )


def history(history: History, style: Style) -> str:
    """See `reconciler.views.json.history`."""
    return json.history(history, style.heading.configuration)


def listing(listing: Listing, style: Style) -> str:
    """See `reconciler.views.json.listing`."""
    return json.listing(listing, style.heading.configuration)
