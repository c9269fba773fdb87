"""A declarative reconciler for Secrets: plan, review, apply exactly that plan.

The Python API, explained in ``docs/python.md``:

- ``plan(paths, store=…)`` reads manifests and a store, and compares them;
- `apply` does what a plan says, or nothing;
- `load`, `open_store`, `read`, `plan` and `drift` are the same in single steps.

What these need is imported when the first of them is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from reconciler.version import __version__

if TYPE_CHECKING:
    from reconciler.model.plan_options import PlanOptions
    from reconciler.stores import open_store
    from reconciler.workflow import apply, drift, load, plan, read

__all__ = ["PlanOptions", "__version__", "apply", "drift", "load", "open_store", "plan", "read"]

_HOMES = {
    "PlanOptions": "reconciler.model.plans",
    "apply": "reconciler.workflow",
    "drift": "reconciler.workflow",
    "load": "reconciler.workflow",
    "open_store": "reconciler.stores",
    "plan": "reconciler.workflow",
    "read": "reconciler.workflow",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
