"""The imperative shell: load, read, plan, try, apply. The only place that sees all rooms.

This is the Python API too: `reconciler` exports it, and ``docs/python.md`` explains it. What a
command does not use is not imported, which would take longer than a small plan.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.workflow.announcing import announce
    from reconciler.workflow.applying import apply
    from reconciler.workflow.beginning import begin
    from reconciler.workflow.checking import DriftCheck, drift_of
    from reconciler.workflow.comparing import difference
    from reconciler.workflow.defaults import utc_now
    from reconciler.workflow.encrypting import encrypted
    from reconciler.workflow.environments import (
        Environment,
        drift_after,
        environment_of_plan,
        is_applied,
        load_environment,
        opened,
        plan_file_again,
        plan_of,
        refuse_unstable,
        store_rules,
    )
    from reconciler.workflow.equality import value_digests
    from reconciler.workflow.exporting import exported, imported, manifests_of, remarks_on
    from reconciler.workflow.histories import last_run
    from reconciler.workflow.loading import load
    from reconciler.workflow.parallel import SharedLoads, abreast
    from reconciler.workflow.pending import Packed, PendingPlans, unpacked
    from reconciler.workflow.planned import Planned, drift, plan_again, read
    from reconciler.workflow.planning import plan
    from reconciler.workflow.provenance import origin_of
    from reconciler.workflow.reports import Result
    from reconciler.workflow.rollouts import roll_out
    from reconciler.workflow.snapshots import taken
    from reconciler.workflow.telling import ended, telling_of
    from reconciler.workflow.trying import tried

__all__ = [
    "DriftCheck",
    "Environment",
    "Packed",
    "PendingPlans",
    "Planned",
    "Result",
    "SharedLoads",
    "abreast",
    "announce",
    "apply",
    "begin",
    "difference",
    "drift",
    "drift_after",
    "drift_of",
    "encrypted",
    "ended",
    "environment_of_plan",
    "exported",
    "imported",
    "is_applied",
    "last_run",
    "load",
    "load_environment",
    "manifests_of",
    "opened",
    "origin_of",
    "plan",
    "plan_again",
    "plan_file_again",
    "plan_of",
    "read",
    "refuse_unstable",
    "remarks_on",
    "roll_out",
    "store_rules",
    "taken",
    "telling_of",
    "tried",
    "unpacked",
    "utc_now",
    "value_digests",
]

_HOMES = {
    "DriftCheck": "checking",
    "Environment": "environments",
    "Packed": "pending",
    "PendingPlans": "pending",
    "Planned": "planned",
    "Result": "reports",
    "SharedLoads": "parallel",
    "abreast": "parallel",
    "announce": "announcing",
    "apply": "applying",
    "begin": "beginning",
    "difference": "comparing",
    "drift": "planned",
    "drift_after": "environments",
    "drift_of": "checking",
    "encrypted": "encrypting",
    "ended": "telling",
    "environment_of_plan": "environments",
    "exported": "exporting",
    "imported": "exporting",
    "is_applied": "environments",
    "last_run": "histories",
    "load": "loading",
    "load_environment": "environments",
    "manifests_of": "exporting",
    "opened": "environments",
    "origin_of": "provenance",
    "plan": "planning",
    "plan_again": "planned",
    "plan_file_again": "environments",
    "plan_of": "environments",
    "read": "planned",
    "refuse_unstable": "environments",
    "remarks_on": "exporting",
    "roll_out": "rollouts",
    "store_rules": "environments",
    "taken": "snapshots",
    "telling_of": "telling",
    "tried": "trying",
    "unpacked": "pending",
    "utc_now": "defaults",
    "value_digests": "equality",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
