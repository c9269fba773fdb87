"""What is kept of a plan between its approval and its apply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.objects import Desired, Live
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import StoreIdentity
from reconciler.workflow import Planned, Result
from reconciler.workflow.planned import plan
from tests.world import in_sync, live, secret, snapshot

SYNCED = secret("a", {"k": b"1"})
CHANGED = secret("a", {"k": b"2"})
FOREIGN = live(secret("a", {"k": b"1"}), None)


def planned(wanted: Desired, *lives: Live) -> Planned:
    seen = replace(snapshot(*lives), identity=StoreIdentity("sqlite", "", "here"))
    return plan((wanted,), seen, PlanOptions())


def test_only_a_plan_that_may_be_applied_and_changes_something_has_work() -> None:
    assert not planned(SYNCED, *in_sync(SYNCED)).has_work
    assert planned(CHANGED, *in_sync(SYNCED)).has_work
    refused = planned(SYNCED, FOREIGN)
    assert refused.blocked
    assert not refused.has_work


@pytest.mark.parametrize("lives", [in_sync(SYNCED), (FOREIGN,)])
def test_without_content_it_ends_the_same_way_and_holds_no_objects(lives: tuple[Live, ...]) -> None:
    whole = planned(SYNCED, *lives)
    assert whole.snapshot.objects
    bare = whole.without_content()
    assert Result(plan=bare.plan).exit_code is Result(plan=whole.plan).exit_code
    assert bare.blocked == whole.blocked
    assert bare.plan.steps == whole.plan.steps
    content = (bare.plan.changes, bare.desired, bare.snapshot.objects, bare.values.numbered)
    assert not any(content)
