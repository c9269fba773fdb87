"""Plans, reports of several, and drift as one HTML file that needs no server and no JavaScript.

All text goes through one escape (`elements.text`); what is markup has a type of its own.
"""

from __future__ import annotations

from reconciler.views.html.plans import plan, report, styled_plan
from reconciler.views.html.reports import drift, drifts

__all__ = ["drift", "drifts", "plan", "report", "styled_plan"]
