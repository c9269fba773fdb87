"""Plans and drift as one HTML file that needs nothing else: no server, no network, no JavaScript.

All text goes through one escape (`elements.text`); what is markup has a type of its own.
"""

from __future__ import annotations

from reconciler.views.html.plans import plan, styled_plan
from reconciler.views.html.reports import drift

__all__ = ["drift", "plan", "styled_plan"]
