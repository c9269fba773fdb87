"""`--scrub`: an annotation that another tool has left with all values in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.objects import SECRET, ObjectKey
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Scope
from reconciler.stores import open_store
from tests.world import held

STORE = "sqlite:.reconciler/store.db"
NAME = "kubectl.kubernetes.io/last-applied-configuration"
VALUE = "canary-in-an-annotation"


@pytest.fixture
def annotated(workplace: Any) -> Any:
    """A place whose store holds an applied Secret that kubectl was used on afterwards."""
    workplace.secret("a", k=VALUE)
    workplace.ok("apply", "--auto-approve")
    key = ObjectKey(SECRET, "default", "a")
    store = open_store(STORE, {})
    live = store.read(Scope("default", frozenset({key}))).objects[key]
    assert live.applied is not None
    held(store, seconds=0).update(
        key,
        (Operation("add", "/metadata/annotations", {NAME: json.dumps({"k": VALUE})}),),
        live.applied,
        Precondition(live.uid, live.resource_version),
    )
    store.close()
    return workplace


def test_without_it_every_plan_warns(annotated: Any) -> None:
    plain = annotated.ok("plan", "--no-scrub")
    assert "1 Secret has plain-text values" in plain.out
    assert "No changes." in plain.out
    plan = json.loads(annotated.ok("plan", "-o", "json").out)
    assert [notice["code"] for notice in plan["notices"]] == ["values-in-annotation"]
    assert plan["options"]["scrub"] is False
    assert VALUE not in plain.out + json.dumps(plan)


def test_a_saved_plan_scrubs(annotated: Any) -> None:
    shown = annotated.ok("plan", "--scrub", "--out", "scrub.plan")
    assert "with --scrub" in shown.out
    assert f"- metadata.annotations[{NAME}]" in shown.out
    assert "plain-text values" not in shown.out
    told = shown.out + annotated.ok("plan", "--scrub", "-o", "json").out
    told += annotated.ok("plan", "--scrub", "-o", "markdown").out
    told += (annotated.path / "scrub.plan").read_text()
    applied = annotated.ok("apply", "scrub.plan")
    assert "Applied: 1 updated." in applied.out
    assert VALUE not in told + applied.out
    for more in ((), ("--scrub",)):
        after = annotated.ok("plan", "--detailed-exitcode", *more)
        assert "plain-text values" not in after.out
