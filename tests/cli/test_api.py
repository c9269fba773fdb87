"""The Python API by itself; the example in ``examples/python`` is run as a program elsewhere."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from typing import Any

import pytest

import reconciler
from reconciler import workflow
from reconciler.errors import InvalidManifests, PlanBlocked, StalePlan
from reconciler.model.plans import Change, FieldChange, Plan, Step
from tests.cli.conftest import ROOT


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
    assert dir(reconciler) == sorted(reconciler.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = reconciler.nope


def test_what_the_workflow_exports_is_there() -> None:
    for name in workflow.__all__:
        assert callable(getattr(workflow, name))
    assert dir(workflow) == sorted(workflow.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = workflow.nope


@pytest.mark.usefixtures("shop")
def test_a_plan_in_one_call() -> None:
    planned = reconciler.plan("manifests", store="sqlite:store.db")
    assert [str(change.key) for change in planned.plan.pending] == [
        "Namespace/shop",
        "Secret/shop/database",
    ]
    options = reconciler.PlanOptions(set_name="api", prune=True)
    with reconciler.open_store("sqlite:store.db", {}) as store:
        reconciler.apply(reconciler.plan(["manifests"], store=store, options=options), store)
        assert reconciler.plan("manifests", store=store, options=options).plan.pending == ()
    again = reconciler.plan("manifests", store="sqlite:store.db", options=options, environ={})
    assert again.plan.pending == ()


def test_manifests_with_errors_are_not_planned(workplace: Any) -> None:
    workplace.write("a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: A_B}\n")
    with pytest.raises(InvalidManifests) as caught:
        reconciler.plan("a.yaml", store="sqlite:store.db")
    assert caught.value.details[0].startswith("a.yaml:3:")
    assert not (workplace.path / "store.db").exists()


def test_two_ways_to_plan_are_not_mixed() -> None:
    with pytest.raises(TypeError, match="paths and store="):
        reconciler.plan("manifests")  # type: ignore[call-overload]


@pytest.mark.usefixtures("workplace")
def test_a_store_is_closed_by_with() -> None:
    closed: list[bool] = []
    store = reconciler.open_store("sqlite:store.db", {})
    close = store.close
    store.close = lambda: closed.append(True) or close()  # type: ignore[method-assign,func-returns-value]
    with store as entered:
        assert entered is store
        assert not closed
    assert closed == [True]


@pytest.mark.parametrize("shape", [Plan, Change, FieldChange, Step])
def test_every_attribute_of_a_plan_is_explained(shape: Any) -> None:
    page = (ROOT / "docs/python.md").read_text()
    section = page.partition(f"### {shape.__name__}\n")[2].partition("\n### ")[0]
    names = (
        [field.name for field in dataclasses.fields(shape)]
        if dataclasses.is_dataclass(shape)
        else list(shape._fields)
    )
    for name in names:
        assert f"| `{name}` | " in section
