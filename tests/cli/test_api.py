"""The Python API by itself; the example in ``examples/python`` is run as a program elsewhere."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

import reconciler
from reconciler.errors import PlanBlocked, StalePlan


@pytest.mark.usefixtures("shop")
def test_from_manifests_to_drift() -> None:
    loaded = reconciler.load("manifests")
    options = reconciler.PlanOptions(set_name="api")
    with closing(reconciler.open_store("sqlite:store.db", {})) as store:
        planned = reconciler.plan(
            loaded.objects, reconciler.read(loaded.objects, store, options), options
        )
        told: list[object] = []
        ended = reconciler.apply(planned, store, emit=told.append)
        assert [str(result.key) for result in ended.results] == [
            "Namespace/shop",
            "Secret/shop/database",
        ]
        assert told[-1] is ended
        snapshot = reconciler.read(loaded.objects, store, options)
        assert reconciler.plan(loaded.objects, snapshot, options).plan.pending == ()
        assert not reconciler.drift(loaded.objects, snapshot, options).drifted
        with pytest.raises(StalePlan):
            reconciler.apply(planned, store)


def test_a_blocked_plan_is_not_applied(workplace: Any) -> None:
    workplace.write("a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n")
    loaded = reconciler.load("a.yaml")
    options = reconciler.PlanOptions()
    with closing(reconciler.open_store("sqlite:store.db", {})) as store:
        snapshot = reconciler.read(loaded.objects, store, options)
        planned = reconciler.plan(loaded.objects, snapshot, options)
        assert planned.blocked
        with pytest.raises(PlanBlocked):
            reconciler.apply(planned, store)
    assert not (workplace.path / "store.db").exists()


def test_what_is_exported_is_there() -> None:
    for name in set(reconciler.__all__) - {"__version__"}:
        assert callable(getattr(reconciler, name))
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = reconciler.nope
