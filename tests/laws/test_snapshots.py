"""A plan against a snapshot says what one against the store would, as far as it can know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.model.fields import DATA
from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import SECRET, Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Plan
from reconciler.model.store import Snapshot
from reconciler.model.values import AbsentValue, Nature, SecretValue, UnreadText
from reconciler.planning import planner
from reconciler.stores import open_store
from reconciler.stores.keys import VARIABLE
from reconciler.stores.snapshot.document import packed
from reconciler.stores.snapshot.seen import seen_of
from tests.laws.strategies import desired_sets
from tests.laws.test_plans import OPTIONS, as_live
from tests.world import FINGERPRINTS, MOMENT, planned, snapshot

KEYED = {VARIABLE: FINGERPRINTS.key.decode()}
ASKED = PlanOptions(**OPTIONS)


def seen(
    before: Sequence[Desired], desired: Sequence[Desired], environ: dict[str, str]
) -> Snapshot:
    """What a plan of `desired` reads of a snapshot of a store where `before` was applied."""
    stored = snapshot(*map(as_live, before))
    content = packed(
        seen_of(
            stored,
            planner.scope(before, ASKED),
            FINGERPRINTS,
            created=MOMENT.isoformat(),
            commit="",
        ),
        FINGERPRINTS.key,
    )
    with TemporaryDirectory() as directory:
        path = Path(directory, "seen.json")
        path.write_bytes(content)
        with open_store(f"snapshot:{path}", environ) as store:
            return store.read(planner.scope(desired, ASKED))


def said(plan: Plan) -> list[Any]:
    """What a plan says of each object: what happens, why, and to which fields."""
    return [
        (
            change.key,
            change.action,
            change.reasons,
            change.kept,
            [(field.path, field.action, field.drift) for field in change.fields],
        )
        for change in plan.changes
    ]


@given(before=desired_sets())
@settings(max_examples=60)
def test_what_is_in_sync_makes_no_change(before: list[Desired]) -> None:
    plan, values = planned(before, seen(before, before, KEYED), **OPTIONS)
    assert plan.pending == plan.refusals == plan.problems == ()
    assert values.numbered == {}


@given(before=desired_sets(), desired=desired_sets())
@settings(max_examples=100)
def test_with_the_key_it_says_what_a_plan_against_the_store_says(
    before: list[Desired], desired: list[Desired]
) -> None:
    stored = snapshot(*map(as_live, before))
    expected, _ = planned(desired, stored, **OPTIONS)
    plan, _ = planned(desired, seen(before, desired, KEYED), **OPTIONS)
    assert said(plan) == said(expected)


@given(data=st.data(), before=desired_sets())
@settings(max_examples=60)
def test_a_change_of_one_key_shows_that_key(data: st.DataObject, before: list[Desired]) -> None:
    places = [
        (resource, key)
        for resource in before
        for key in resource.data
        if resource.kind == SECRET and resource.name and not lifecycle(resource).ignores(key)
    ]
    assume(places)
    one, key = data.draw(st.sampled_from(places))
    changed = replace(one, data={**one.data, key: SecretValue(b"quite another value")})
    desired = [changed if each is one else each for each in before]
    plan, _ = planned(desired, seen(before, desired, KEYED), **OPTIONS)
    # Of a version whose place is taken, the plan makes an end.
    (change,) = (each for each in plan.pending if each.action is not Action.DELETE)
    assert [field.path for field in change.fields if field.path[0] == DATA] == [(DATA, key)]


@given(before=desired_sets(), desired=desired_sets())
@settings(max_examples=100)
def test_without_the_key_nothing_that_changes_is_said_to_be_in_sync(
    before: list[Desired], desired: list[Desired]
) -> None:
    plan, _ = planned(desired, seen(before, desired, {}), **OPTIONS)
    shown = {(change.key, field.path) for change in plan.changes for field in change.fields}
    lives = {resource.key: resource for resource in before if resource.name}
    for resource in desired:
        live = lives.get(resource.key)
        if live is None or not resource.name or lifecycle(resource).versioned:
            continue
        for key, value in resource.data.items():
            if not lifecycle(resource).ignores(key) and live.data.get(key) != value:
                assert (resource.key, (DATA, key)) in shown
    for change in plan.changes:
        for field in change.fields:
            both = field.before is not None and field.after is not None
            if both and field.path[0] == DATA:
                assert field.nature is Nature.UNKNOWN


@pytest.mark.parametrize("environ", [KEYED, {}])
@given(before=desired_sets())
@settings(max_examples=30)
def test_no_value_comes_back(environ: dict[str, str], before: list[Desired]) -> None:
    for live in seen(before, (), environ).objects.values():
        assert all(isinstance(value, AbsentValue) for value in live.data.values())
        assert all(isinstance(text, UnreadText) for text in live.labels.values())
