"""All that is shown as text, for terminals and logs."""

from __future__ import annotations

from reconciler.views.text.events import event
from reconciler.views.text.plans import plan
from reconciler.views.text.problems import diagnostics, error

__all__ = ["diagnostics", "error", "event", "plan"]
