"""Secrets under kustomize's hashed names: what is a version of what, and when old ones go.

The names are those that kustomize v5.8.2 gives to these values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.consumers import Consumer
from reconciler.model.fields import DATA
from reconciler.model.objects import Applied, Desired, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Plan, Reason
from reconciler.model.store import Capability
from reconciler.model.values import UnreadValue
from reconciler.planning import planner
from reconciler.planning.drift import drift
from tests.world import (
    FINGERPRINTS,
    SET,
    in_sync,
    live,
    planned,
    record,
    secret,
    snapshot,
    wrapped,
)

ONE = secret("db-h69f2gkkdd", {"password": "one", "host": "db"})
TWO = secret("db-fm569447b8", {"password": "two", "host": "db"})
THREE = secret("db-c4dkcmgbg5", {"password": "three", "host": "db"})
FEWER = secret("db-bh282ft877", {"password": "two"})
OTHER = secret("other-k5bg2548hc", {"k": "one"})
OTHER_TWO = secret("other-cftg2bdgf7", {"k": "two"})


def user(of: Desired, name: str = "web", **how: Any) -> Consumer:
    return Consumer("Deployment", "default", name, of.key, **how)


def actions(plan: Plan) -> dict[str, Action]:
    return {change.key.name: change.action for change in plan.pending}


def codes(plan: Plan) -> list[str]:
    return [note.code for note in plan.notices]


def changed(plan: Plan, key: ObjectKey) -> list[tuple[str, str]]:
    (change,) = (change for change in plan.changes if change.key == key)
    return [(field.path[-1], field.action.value) for field in change.fields]


def test_a_new_version_shows_what_differs_from_the_one_before() -> None:
    plan, _ = planned([TWO], snapshot(*in_sync(ONE)))
    (change,) = plan.changes
    assert (change.action, change.reasons) == (Action.CREATE, (Reason.VERSIONED,))
    assert changed(plan, TWO.key) == [("password", "changed")]
    assert [note.code for note in change.notes] == ["version-of"]
    assert f"takes the place of {ONE.key}" in change.notes[0].message
    assert change.patch[0].value["data"].keys() == {"password", "host"}
    assert codes(plan) == ["hash-suffix", "version-kept"]
    removed, _ = planned([FEWER], snapshot(*in_sync(ONE)))
    assert changed(removed, FEWER.key) == [("host", "removed"), ("password", "changed")]


def test_an_immutable_version_is_no_replace() -> None:
    before, after = (replace(one, immutable=True) for one in (ONE, TWO))
    (change,) = planned([after], snapshot(*in_sync(before)))[0].changes
    assert change.reasons == (Reason.VERSIONED,)


def test_the_newest_of_the_old_ones_is_the_one_before() -> None:
    past = [live(ONE, ONE, created="2026-01-02"), live(TWO, TWO, created="2026-01-01")]
    (change,) = planned([THREE], snapshot(*past))[0].changes
    assert str(ONE.key) in change.notes[0].message


def test_a_new_version_has_none_of_what_others_added_to_the_old_one() -> None:
    grown = replace(live(ONE, ONE), data={**ONE.data, **wrapped({"theirs": "kept"})})
    plan, _ = planned([TWO], snapshot(grown))
    assert changed(plan, TWO.key) == [("password", "changed"), ("theirs", "removed")]
    assert plan.changes[0].patch[0].value["data"].keys() == {"password", "host"}
    assert "version-kept" in codes(plan)


@pytest.mark.parametrize(
    ("consumers", "options", "pruned"),
    [
        (None, {}, False),
        (None, {"force_consumers": True}, True),
        ((), {}, True),
        ((user(TWO),), {}, True),
        ((user(ONE),), {}, False),
        ((user(ONE, optional=True),), {}, False),
        ((user(ONE),), {"force_consumers": True}, True),
    ],
)
@pytest.mark.parametrize("made", [False, True])
def test_an_old_version_goes_when_nothing_is_known_to_use_it(
    consumers: Sequence[Consumer] | None, options: Mapping[str, Any], *, pruned: bool, made: bool
) -> None:
    past = snapshot(*in_sync(ONE, *([TWO] if made else [])), consumers=consumers)
    plan, _ = planned([TWO], past, prune=True, **options)
    gone = {ONE.key.name: Action.DELETE} if pruned else {}
    assert actions(plan) == gone | ({} if made else {TWO.key.name: Action.CREATE})
    assert ("version-kept" in codes(plan)) is not pruned
    if pruned:
        reasons = {change.reasons for change in plan.changes if change.key == ONE.key}
        assert reasons == {(Reason.SUPERSEDED,)}
        assert plan.steps[-1].key == ONE.key
        assert plan.steps[-1].after == (() if made else (TWO.key,))
    kept, _ = planned([TWO], past, **options)
    assert ONE.key.name not in actions(kept)


def test_a_user_among_the_manifests_keeps_the_old_version() -> None:
    plan, _ = planner.plan(
        [TWO],
        snapshot(*in_sync(ONE, TWO), consumers=()),
        PlanOptions(prune=True),
        FINGERPRINTS,
        consumers=[user(ONE, manifest="web.yaml:1")],
    )
    assert plan.pending == ()
    assert "Deployment/default/web" in plan.notices[-1].message


def test_a_manifest_that_names_the_new_one_does_not_hide_who_uses_the_old_one() -> None:
    plan, _ = planner.plan(
        [TWO],
        snapshot(*in_sync(ONE, TWO), consumers=(user(ONE),)),
        PlanOptions(prune=True),
        FINGERPRINTS,
        consumers=[user(TWO, manifest="web.yaml:1")],
    )
    assert plan.pending == ()


def test_a_store_that_does_not_know_says_so() -> None:
    blind = frozenset(Capability) - {Capability.CONSUMERS}
    plan, _ = planned([TWO], snapshot(*in_sync(ONE, TWO), capabilities=blind), prune=True)
    assert plan.pending == ()
    assert "this store does not know" in plan.notices[-1].message


def test_the_way_back_finds_the_old_object() -> None:
    plan, _ = planned([ONE], snapshot(*in_sync(ONE, TWO), consumers=(user(TWO),)), prune=True)
    assert plan.pending == ()
    plan, _ = planned([ONE], snapshot(*in_sync(ONE, TWO), consumers=()), prune=True)
    assert actions(plan) == {TWO.key.name: Action.DELETE}


def test_two_new_versions_in_one_plan_both_follow_the_old_one() -> None:
    plan, _ = planned([TWO, THREE], snapshot(*in_sync(ONE), consumers=()), prune=True)
    assert changed(plan, TWO.key) == changed(plan, THREE.key) == [("password", "changed")]
    assert actions(plan)[ONE.key.name] is Action.DELETE
    assert {*plan.steps[-1].after} < {TWO.key, THREE.key}
    plan, _ = planned([ONE, TWO], snapshot(*in_sync(ONE)))
    assert changed(plan, TWO.key)[0] == ("host", "added")
    assert codes(plan) == ["hash-suffix"]


STRANGERS = [
    replace(ONE, data=wrapped({"password": "edited", "host": "db"})),
    replace(ONE, type="example.com/own"),
    replace(ONE, key=ONE.key._replace(name="database-h69f2gkkdd")),
    replace(ONE, key=ONE.key._replace(namespace="elsewhere")),
    secret("db", {"password": "one", "host": "db"}),
    secret("db-abcdefghij", {"password": "one", "host": "db"}),
]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_no_version_is_an_ordinary_object(stranger: Desired) -> None:
    plan, _ = planned([TWO], snapshot(*in_sync(stranger), consumers=()), prune=True)
    (made,) = (change for change in plan.changes if change.key == TWO.key)
    assert made.reasons == (Reason.MISSING,)
    (gone,) = (change for change in plan.changes if change.key == stranger.key)
    assert gone.reasons == (Reason.PRUNE,)


def test_an_edited_manifest_is_an_ordinary_secret() -> None:
    edited = replace(TWO, data=wrapped({"password": "edited", "host": "db"}))
    plan, _ = planned([edited], snapshot(*in_sync(ONE)))
    assert plan.changes[0].reasons == (Reason.MISSING,)
    assert codes(plan) == ["left-manifests"]


def test_versions_of_nobody_or_of_another_set_are_none_of_ours() -> None:
    theirs = live(ONE, Applied(set_name="other"))
    for past in (theirs, live(ONE, None)):
        plan, _ = planned([TWO], snapshot(past, consumers=()), prune=True)
        assert actions(plan) == {TWO.key.name: Action.CREATE}
        assert plan.changes[0].reasons == (Reason.MISSING,)


def test_what_loses_its_manifest_is_pruned_as_ever() -> None:
    plan, _ = planned([OTHER], snapshot(*in_sync(ONE, TWO, OTHER)), prune=True)
    assert {change.reasons for change in plan.pending} == {(Reason.PRUNE,)}
    assert len(plan.pending) == 2


def test_a_target_brings_the_old_versions_of_its_family_along() -> None:
    found = snapshot(*in_sync(ONE, OTHER), consumers=())
    plan, _ = planned([TWO, OTHER_TWO], found, prune=True, targets=(TWO.key,))
    assert actions(plan) == {ONE.key.name: Action.DELETE, TWO.key.name: Action.CREATE}
    plan, _ = planned([TWO], found, prune=True, targets=(ONE.key,))
    assert actions(plan) == {ONE.key.name: Action.DELETE}


def test_the_notice_stands_once_in_every_plan() -> None:
    for found in (snapshot(), snapshot(*in_sync(TWO, OTHER))):
        plan, _ = planned([TWO, OTHER], found)
        (note,) = (note for note in plan.notices if note.code == "hash-suffix")
        assert "2 Secrets" in note.message
    plan, _ = planned([TWO, OTHER], targets=(TWO.key,))
    assert "a Secret" in plan.notices[0].message
    assert planned([secret("db")])[0].notices == ()


def test_protection_comes_from_the_manifest_of_the_new_one() -> None:
    kept = replace(TWO, annotations={"reconciler/prevent-destroy": "true"})
    plan, _ = planned([kept], snapshot(*in_sync(ONE), consumers=()), prune=True)
    assert actions(plan) == {TWO.key.name: Action.CREATE}
    assert "prevent-destroy" in plan.notices[-1].message


def test_the_hash_makes_the_versions_where_the_annotation_would_too() -> None:
    versioned = {"reconciler/replace": "versioned"}
    before, after = (replace(one, annotations=versioned, immutable=True) for one in (ONE, TWO))
    plan, _ = planned([after], snapshot(*in_sync(before)))
    assert actions(plan) == {TWO.key.name: Action.CREATE}
    edited = live(replace(after, data=ONE.data), after)
    assert actions(planned([after], snapshot(edited))[0]) == {TWO.key.name: Action.REPLACE}


def test_an_old_version_is_no_drift() -> None:
    report = drift([TWO], snapshot(*in_sync(ONE, TWO)), SET)
    assert {item.key: (item.state.value, item.pending) for item in report.objects} == {
        ONE.key: ("in-sync", False),
        TWO.key: ("in-sync", False),
    }


BLIND = frozenset(Capability) - {Capability.READ_VALUES, Capability.UPDATE_VALUES}


def unread(desired: Desired, **annotations: str) -> Any:
    marked = replace(desired, annotations=annotations)
    applied = record(marked)
    data = {key: UnreadValue(applied.fields[DATA, key]) for key in desired.data}
    return replace(live(marked, applied), data=data)


def test_a_store_that_gives_no_values_back_keeps_the_family_with_the_object() -> None:
    plan, _ = planned([ONE], snapshot(capabilities=BLIND))
    (change,) = plan.changes
    assert ("metadata", "annotations", "reconciler/version-of") in change.claims
    past = unread(ONE, **{"reconciler/version-of": "db"})
    plan, _ = planned([ONE], snapshot(past, capabilities=BLIND))
    assert plan.pending == ()
    plan, _ = planned([TWO], snapshot(past, capabilities=BLIND, consumers=()), prune=True)
    assert changed(plan, TWO.key) == [("password", "changed")]
    assert actions(plan) == {TWO.key.name: Action.CREATE, ONE.key.name: Action.DELETE}
    assert {change.reasons[0] for change in plan.changes} == {
        Reason.VERSIONED,
        Reason.SUPERSEDED,
    }


def test_without_values_and_without_that_mark_nothing_is_guessed() -> None:
    past = snapshot(unread(ONE), capabilities=BLIND, consumers=())
    plan, _ = planned([TWO], past, prune=True)
    assert {change.reasons[0] for change in plan.changes} == {Reason.MISSING, Reason.PRUNE}


def test_where_values_are_read_nothing_marks_the_versions() -> None:
    (change,) = planned([ONE])[0].changes
    assert not [path for path in change.claims if path[0] == "metadata"]
