"""The imperative shell: load, read, plan, try, apply. The only place that sees all rooms.

This is the Python API too: `reconciler` exports it, and ``docs/python.md`` explains it.
"""

from __future__ import annotations

from reconciler.workflow.applying import apply, utc_now
from reconciler.workflow.environments import (
    Environment,
    drift_of,
    environment_of_plan,
    load_environment,
    opened,
    plan_file_again,
    plan_of,
    store_rules,
)
from reconciler.workflow.loading import load
from reconciler.workflow.planned import Planned, drift, plan, plan_again, read
from reconciler.workflow.reports import Report, Result
from reconciler.workflow.trying import tried

__all__ = [
    "Environment",
    "Planned",
    "Report",
    "Result",
    "apply",
    "drift",
    "drift_of",
    "environment_of_plan",
    "load",
    "load_environment",
    "opened",
    "plan",
    "plan_again",
    "plan_file_again",
    "plan_of",
    "read",
    "store_rules",
    "tried",
    "utc_now",
]
