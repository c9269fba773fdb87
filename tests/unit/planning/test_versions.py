"""A new version in place of a replace: its name, which one is current, and when old ones go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.consumers import Consumer
from reconciler.model.objects import Applied, Desired, Live, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Plan, Reason
from reconciler.planning import planner
from reconciler.planning.drift import drift
from reconciler.planning.exporting import exported_keys, manifest_of
from tests.world import (
    FINGERPRINTS,
    IN_HAND,
    SET,
    World,
    depends_on,
    in_sync,
    live,
    owner,
    planned,
    secret,
    snapshot,
    wrapped,
)

VERSIONED = {"reconciler/replace": "versioned"}
ONE = secret("a", {"k": "one"}, immutable=True, annotations=VERSIONED)
TWO = replace(ONE, data=wrapped({"k": "two"}))
THREE = replace(ONE, data=wrapped({"k": "three"}))


def version(desired: Desired, name: str, created: str = "2026-01-02", **content: Any) -> Live:
    """A version of `one` as it is after an apply."""
    made = replace(
        desired,
        key=desired.key._replace(name=name),
        annotations={**desired.annotations, "reconciler/version-of": desired.name},
    )
    return live(made, made, **{"created": created, **content})


def first(desired: Desired, **content: Any) -> Live:
    return live(desired, desired, **{"created": "2026-01-01", **content})


def user(name: str = "web", of: str = "a", **how: Any) -> Consumer:
    return Consumer("Deployment", "default", name, ObjectKey("Secret", "default", of), **how)


def actions(plan: Plan) -> dict[str, Action]:
    return {change.key.name: change.action for change in plan.changes}


def codes(plan: Plan) -> list[str]:
    return [note.code for note in plan.notices]


def test_what_would_need_a_replace_is_made_anew_under_another_name() -> None:
    plan, _ = planned([TWO], snapshot(first(ONE)))
    (change,) = plan.changes
    assert change.key.name.startswith("a-")
    assert len(change.key.name) == len("a-") + 10
    assert change.action is Action.CREATE
    assert change.reasons == (Reason.VERSIONED, Reason.IMMUTABLE)
    assert [field.path for field in change.fields] == [
        ("data", "k"),
        ("metadata", "annotations", "reconciler/version-of"),
    ]
    assert [note.code for note in change.notes] == ["version-of"]
    assert ("metadata", "annotations", "reconciler/version-of") in change.claims
    assert plan.refusals == ()
    assert codes(plan) == ["version-kept"]


def test_what_can_be_updated_is_and_what_is_not_there_has_the_plain_name() -> None:
    mutable = replace(ONE, immutable=False)
    plan, _ = planned([replace(mutable, data=TWO.data)], snapshot(first(mutable)))
    assert actions(plan) == {"a": Action.UPDATE}
    assert actions(planned([ONE])[0]) == {"a": Action.CREATE}
    plan, _ = planned([replace(mutable, type="example.com/own")], snapshot(first(mutable)))
    assert plan.changes[0].reasons == (Reason.VERSIONED, Reason.TYPE)


def name_of(desired: Desired, before: Live, **options: Any) -> str:
    (change,) = planned([desired], snapshot(before), **options)[0].changes
    return change.key.name


def test_the_name_tells_contents_apart_and_says_nothing_of_them() -> None:
    names = {
        name_of(TWO, first(ONE)),
        name_of(THREE, first(ONE)),
        name_of(replace(TWO, type="example.com/own"), first(ONE)),
        name_of(replace(TWO, immutable=False), first(ONE)),
    }
    assert len(names) == 4
    assert name_of(TWO, first(THREE)) in names
    labelled = replace(TWO, labels={"app": "web"})
    assert name_of(labelled, first(ONE)) in names
    other_key = planner.plan(
        [TWO], snapshot(first(ONE)), PlanOptions(), replace(FINGERPRINTS, key=b"x" * 32)
    )[0]
    assert other_key.changes[0].key.name not in names


@pytest.mark.parametrize("name", ["n" * 253, "n" * 242 + ".b", "n" * 241 + "-b", "n" * 242])
def test_a_long_name_is_cut_where_a_name_may_end(name: str) -> None:
    before, after = (replace(one, key=one.key._replace(name=name)) for one in (ONE, TWO))
    found = name_of(after, first(before))
    assert len(found) <= 253
    stem, _, suffix = found.rpartition("-")
    assert stem
    assert stem[-1] == "n"
    assert len(suffix) == 10
    sibling = replace(after, key=after.key._replace(name=name[:-1] + "m"))
    past = first(replace(before, key=sibling.key))
    assert name_of(sibling, past) != found


def test_a_name_that_is_taken_gives_way_to_another() -> None:
    taken = name_of(TWO, first(ONE))
    stranger = live(secret(taken, {"x": "y"}), None)
    plan, _ = planned([TWO], snapshot(first(ONE), stranger))
    (change,) = plan.changes
    assert change.key.name != taken
    assert change.key.name.startswith("a-")


def test_the_current_version_is_the_one_that_is_as_wanted_or_else_the_newest() -> None:
    lives = (first(ONE), version(TWO, "a-2"), version(THREE, "a-3", "2026-01-03"))
    for wanted, name in ((ONE, "a"), (TWO, "a-2"), (THREE, "a-3")):
        plan, _ = planned([wanted], snapshot(*lives))
        assert actions(plan) == {name: Action.NO_OP}
    four = replace(ONE, data=wrapped({"k": "four"}))
    plan, _ = planned([four], snapshot(*lives))
    (change,) = plan.changes
    assert "Secret/default/a-3" in change.notes[0].message


@pytest.mark.parametrize(("older", "newer"), [("9", "10"), ("10", "11")])
def test_of_the_same_second_the_greater_resource_version_is_newer(older: str, newer: str) -> None:
    lives = (
        first(ONE, created="2026-01-01"),
        version(TWO, "a-2", resource_version=newer, created="2026-01-02"),
        version(THREE, "a-1", resource_version=older, created="2026-01-02"),
    )
    four = replace(ONE, data=wrapped({"k": "four"}))
    (change,) = planned([four], snapshot(*lives))[0].changes
    assert "Secret/default/a-2" in change.notes[0].message


def test_metadata_is_updated_on_the_current_version() -> None:
    labelled = replace(TWO, labels={"app": "web"})
    plan, _ = planned([labelled], snapshot(first(ONE), version(TWO, "a-2")))
    assert actions(plan) == {"a-2": Action.UPDATE}
    assert [field.path for field in plan.changes[0].fields] == [("metadata", "labels", "app")]


def test_keys_of_others_come_along_and_metadata_of_others_does_not() -> None:
    grown = replace(
        first(ONE), data={**ONE.data, **wrapped({"theirs": "kept"})}, labels={"theirs": "x"}
    )
    plan, _ = planned([TWO], snapshot(grown))
    (change,) = plan.changes
    assert change.kept == (("data", "theirs"),)
    assert change.patch[0].value["data"].keys() == {"k", "theirs"}
    assert "labels" not in change.patch[0].value["metadata"]
    exact = replace(TWO, annotations={**VERSIONED, "reconciler/data-policy": "exact"})
    (change,) = planned([exact], snapshot(grown))[0].changes
    assert change.patch[0].value["data"].keys() == {"k"}


def test_what_is_not_ours_gets_no_version_without_a_word() -> None:
    plan, _ = planned([TWO], snapshot(live(ONE, None)))
    assert actions(plan) == {"a": Action.REPLACE}
    assert "adopt" in {refusal.guard for refusal in plan.refusals}
    plan, _ = planned([TWO], snapshot(live(ONE, Applied(set_name="other"))), adopt=True)
    assert "other-set" in {refusal.guard for refusal in plan.refusals}
    plan, _ = planned([TWO], snapshot(live(ONE, None)), adopt=True)
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert plan.refusals == ()


def test_create_only_and_generated_names_have_no_versions() -> None:
    once = {**VERSIONED, "reconciler/create-only": "true"}
    plan, _ = planned([replace(TWO, annotations=once)], snapshot(first(ONE)))
    assert actions(plan) == {"a": Action.NO_OP}
    nameless = replace(TWO, key=TWO.key._replace(name=""), generate_name="a-")
    held = live(replace(ONE, key=ONE.key._replace(name="a-x"), generate_name="a-"), ONE)
    assert actions(planned([nameless], snapshot(held))[0]) == {"a-x": Action.REPLACE}


PAST = (first(ONE), version(TWO, "a-2"))


@pytest.mark.parametrize(
    ("consumers", "options", "pruned"),
    [
        (None, {}, False),
        (None, {"force_consumers": True}, True),
        ((), {}, True),
        ((user(of="a-2"),), {}, True),
        ((user(of="a"),), {}, False),
        ((user(of="a", optional=True),), {}, False),
        ((user(of="a"),), {"force_consumers": True}, True),
    ],
)
def test_an_old_version_goes_when_nothing_is_known_to_use_it(
    consumers: Sequence[Consumer] | None, options: dict[str, Any], *, pruned: bool
) -> None:
    plan, _ = planned([TWO], snapshot(*PAST, consumers=consumers), prune=True, **options)
    assert actions(plan) == {"a-2": Action.NO_OP} | ({"a": Action.DELETE} if pruned else {})
    assert codes(plan) == ["version-kept"] * (not pruned)
    if pruned:
        assert {change.reasons for change in plan.pending} == {(Reason.SUPERSEDED,)}
    elif consumers:
        assert "Deployment/default/web" in plan.notices[0].message
    assert plan.refusals == ()
    kept, _ = planned([TWO], snapshot(*PAST, consumers=consumers), **options)
    assert kept.pending == ()
    assert codes(kept) == ["version-kept"]


@pytest.mark.parametrize(("unseen", "pruned"), [("default", False), ("elsewhere", True)])
def test_where_not_all_users_could_be_seen_old_versions_stay(unseen: str, *, pruned: bool) -> None:
    found = snapshot(*PAST, consumers=(), unseen=frozenset({unseen}))
    plan, _ = planned([TWO], found, prune=True)
    assert bool(plan.pending) is pruned


def test_a_user_in_a_manifest_does_not_hide_the_live_one_from_an_old_version() -> None:
    plan, _ = planner.plan(
        [TWO],
        snapshot(*PAST, consumers=(user(of="a"),)),
        PlanOptions(prune=True),
        FINGERPRINTS,
        consumers=[user(of="a-2", manifest="web.yaml:1")],
    )
    assert plan.pending == ()
    assert codes(plan) == ["version-kept"]


def test_the_old_version_goes_after_the_new_one_is_there() -> None:
    plan, _ = planned([TWO], snapshot(first(ONE), consumers=()), prune=True)
    created, deleted = plan.steps
    assert (created.action, deleted.action) == (Action.CREATE, Action.DELETE)
    assert deleted.key == ONE.key
    assert deleted.after == (created.key,)
    assert created.wave < deleted.wave


def test_the_manifest_decides_whether_old_versions_are_protected() -> None:
    protected = {**VERSIONED, "reconciler/prevent-destroy": "true"}
    past = [replace(one, annotations={**one.annotations, **protected}) for one in (ONE, TWO)]
    lives = (first(past[0]), version(past[1], "a-2"))
    plan, _ = planned([past[1]], snapshot(*lives, consumers=()), prune=True)
    assert plan.refusals == plan.pending == ()
    assert "prevent-destroy" in plan.notices[0].message
    plan, _ = planned([TWO], snapshot(*lives, consumers=()), prune=True)
    assert plan.refusals == ()
    assert actions(plan) == {"a": Action.DELETE, "a-2": Action.UPDATE}


def test_versions_are_all_left_over_when_the_manifest_is_gone() -> None:
    plan, _ = planned([], snapshot(*PAST), prune=True)
    assert actions(plan) == {"a": Action.DELETE, "a-2": Action.DELETE}
    assert {change.reasons for change in plan.changes} == {(Reason.PRUNE,)}
    plan, _ = planned([], snapshot(*PAST), destroy=True)
    assert {change.reasons for change in plan.changes} == {(Reason.DESTROY,)}


def test_without_the_annotation_the_plain_name_counts_again() -> None:
    plain = replace(ONE, annotations={})
    plan, _ = planned([plain], snapshot(*PAST))
    assert actions(plan) == {"a": Action.UPDATE}
    assert codes(plan) == ["version-kept"]
    plan, _ = planned([plain], snapshot(PAST[1]))
    assert actions(plan) == {"a": Action.CREATE}


def test_a_version_that_a_manifest_names_by_itself_is_that_manifests() -> None:
    apart = replace(TWO, key=TWO.key._replace(name="a-2"), annotations={})
    plan, _ = planned([TWO, apart], snapshot(*PAST))
    assert {change.key.name: change.action for change in plan.changes if change.fields} == {
        "a-2": Action.UPDATE,
        name_of(TWO, first(ONE)): Action.CREATE,
    }


def test_dependencies_and_targets_find_the_version() -> None:
    needy = secret("b", {"k": "v"}, annotations=depends_on(ONE))
    plan, _ = planned([TWO, needy], snapshot(first(ONE)), targets=(needy.key,))
    assert plan.problems == ()
    made = next(step for step in plan.steps if step.key.name.startswith("a-"))
    assert [step.after for step in plan.steps if step.key == needy.key] == [(made.key,)]
    found = snapshot(first(ONE), consumers=())
    plan, _ = planned([TWO, needy], found, targets=(ONE.key,), prune=True)
    assert [change.action for change in plan.changes] == [Action.DELETE, Action.CREATE]


def test_a_target_brings_its_old_versions_along_and_no_others() -> None:
    other = replace(ONE, key=ONE.key._replace(name="b"))
    past = (version(TWO, "a-2"), version(other, "b-2"), first(replace(other, data=TWO.data)))
    wanted = [ONE, replace(other, data=TWO.data)]
    found = snapshot(first(ONE, created="2026-02-01"), *past, consumers=())
    plan, _ = planned(wanted, found, targets=(ONE.key,), prune=True)
    assert actions(plan) == {"a": Action.NO_OP, "a-2": Action.DELETE}


def test_a_version_of_another_set_is_none_of_ours() -> None:
    theirs = replace(version(THREE, "a-3", "2026-01-09"), applied=Applied(set_name="other"))
    plan, _ = planned([THREE], snapshot(first(ONE), theirs))
    (change,) = plan.pending
    assert change.action is Action.CREATE
    assert "Secret/default/a:" in change.notes[0].message


def test_what_is_versioned_may_own_nothing() -> None:
    owned = secret("b", owners=(owner(ONE),))
    plan, _ = planned([ONE, owned], snapshot(*in_sync(ONE)))
    assert [problem.code for problem in plan.problems] == ["owner-versioned"]
    assert plan.problems[0].object == str(owned.key)


def test_the_mark_of_a_version_is_not_for_manifests() -> None:
    marked = secret("b", annotations={"reconciler/version-of": "a"})
    plan, _ = planned([marked])
    assert [problem.code for problem in plan.problems] == ["lifecycle-invalid"]
    assert "reconciler itself" in plan.problems[0].message


def test_a_new_version_tells_who_uses_the_one_before() -> None:
    users = (user("api"), user("web", optional=True), user("job", of="b"))
    plan, _ = planned([TWO], snapshot(first(ONE), consumers=users))
    (change,) = plan.changes
    assert [consumer.name for consumer in change.consumers] == ["api", "web"]


def test_a_version_that_somebody_deleted_is_made_again() -> None:
    gone = ObjectKey("Secret", "default", name_of(TWO, first(ONE)))
    plan, _ = planned([TWO], snapshot(first(ONE), vanished=frozenset({gone})))
    (change,) = plan.changes
    assert change.key == gone
    assert Reason.VANISHED in change.reasons


def test_no_drift_and_nothing_pending_where_nobody_touched_a_version() -> None:
    report = drift([TWO], snapshot(*PAST), SET)
    assert {str(item.key): (item.state.value, item.pending) for item in report.objects} == {
        "Secret/default/a": ("in-sync", False),
        "Secret/default/a-2": ("in-sync", False),
    }
    assert all(one.pending for one in drift([], snapshot(*PAST), SET).objects)


def test_an_export_has_the_newest_version_under_the_name_of_its_manifest() -> None:
    found = snapshot(*PAST, version(THREE, "a-3", "2026-01-03"), *in_sync(secret("b")))
    keys = exported_keys(found.objects, SET)
    assert [key.name for key in keys] == ["a-3", "b"]
    written = manifest_of(found.objects[keys[0]], reveal=True)
    assert written["metadata"]["name"] == "a"
    assert written["metadata"]["annotations"] == VERSIONED
    assert written["data"] == THREE.data


def test_there_and_back_on_a_real_store(tmp_path: Path) -> None:
    world = World(tmp_path)
    options = replace(IN_HAND, force_consumers=False)
    try:
        names: list[set[str]] = []
        for wanted in (ONE, TWO, THREE, TWO, ONE):
            world.apply([wanted], options)
            assert world.plan([wanted], options)[0].pending == ()
            names.append({key.name for key in world.look().objects})
        assert [len(found) for found in names] == [1, 2, 3, 3, 3]
        assert names[0] == {"a"}
        plan, _, _ = world.plan([ONE])
        assert len(plan.pending) == 2
        world.apply([ONE])
        assert set(world.look().objects) == {ONE.key}
    finally:
        world.close()
