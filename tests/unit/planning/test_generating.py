"""Which keys a plan generates, and what it says about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.errors import ConfigError
from reconciler.execution.drawing import with_drawn
from reconciler.model.drift import FieldState, ObjectState, Pending
from reconciler.model.fields import DATA
from reconciler.model.objects import Live
from reconciler.model.plan_options import KeyTarget, PlanOptions
from reconciler.model.plans import Action, Change, PlanValues, Reason
from reconciler.model.store import Capability
from reconciler.model.values import GeneratedValue, UnreadValue, ValueRef
from reconciler.planning.drift import drift
from reconciler.planning.exporting import manifest_of
from reconciler.planning.generating import certificate_notices
from tests.world import MOMENT, SET, change_of, live, planned, secret, snapshot, wrapped

PASSWORD = {"reconciler/generate.password": "alnum"}
PAIR = {"reconciler/generate.tls.key": "tls; certificate=tls.crt; cn=db; days=90"}
A = secret("a", {"user": "me"}, annotations=PASSWORD)
FILLED = replace(A, data=wrapped({"user": "me", "password": "drawn-before"}))
DB = secret("db", annotations=PAIR)
TARGET = KeyTarget(A.key, "password")


def held(resource: Any = FILLED, **content: Any) -> Live:
    return replace(live(resource, resource), **content)


def values_of(change: Change) -> dict[str, Any]:
    return {field.path[1]: field.after for field in change.fields if field.path[0] == DATA}


def notes_of(change: Change) -> dict[str, str]:
    return {note.code: note.message for note in change.notes}


def drawn(change: Change) -> list[str]:
    return [recipe.key for recipe in change.generated]


def test_a_key_that_the_store_lacks_is_generated() -> None:
    change = change_of(A)
    assert change.action is Action.CREATE
    assert drawn(change) == ["password"]
    assert (DATA, "password") in change.claims
    reference = values_of(change)["password"]
    assert isinstance(reference, ValueRef)
    assert reference.generated
    assert reference.fingerprint == ""
    assert not values_of(change)["user"].generated


def test_values_that_do_not_exist_yet_are_never_the_same() -> None:
    both = {**PASSWORD, "reconciler/generate.token": "alnum"}
    plan, values = planned([replace(A, annotations=both), secret("b", annotations=both)])
    numbers = [
        field.after.number
        for change in plan.changes
        for field in change.fields
        if isinstance(field.after, ValueRef) and field.after.generated
    ]
    assert len({*numbers}) == len(numbers) == 4
    assert all(isinstance(values.numbered[number], GeneratedValue) for number in numbers)


def test_what_the_store_holds_stays() -> None:
    change = change_of(A, held())
    assert (change.action, drawn(change)) == (Action.NO_OP, [])


def test_what_a_manifest_held_before_stays() -> None:
    given = replace(FILLED, annotations={})
    change = change_of(A, live(given, given))
    assert change.action is Action.UPDATE
    assert "password" not in values_of(change)
    assert (DATA, "password") in change.claims


def test_what_somebody_has_changed_stays_and_the_plan_says_so() -> None:
    changed = held(data=wrapped({"user": "me", "password": "another"}))
    change = change_of(A, changed)
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.RECORD,))
    assert change.fields == ()
    assert "somebody has changed" in notes_of(change)["generated-changed"]


def test_what_somebody_has_removed_is_generated_anew_and_the_plan_says_so() -> None:
    change = change_of(A, held(data=wrapped({"user": "me"})))
    assert (change.action, drawn(change)) == (Action.UPDATE, ["password"])
    (field,) = change.fields
    assert field.drift
    assert "is gone from the store" in notes_of(change)["generated-anew"]


def test_an_object_that_vanished_gets_other_values_and_the_plan_says_so() -> None:
    plan, _ = planned([A], snapshot(vanished=frozenset([A.key])))
    assert "generated-anew" in notes_of(plan.changes[0])
    plan, _ = planned([A], snapshot(vanished=frozenset()))
    assert notes_of(plan.changes[0]) == {}


def test_a_copy_that_a_replace_left_keeps_its_values() -> None:
    plan, values = planned([A], snapshot(copies=[held()]))
    (change,) = plan.changes
    assert (change.action, drawn(change)) == (Action.CREATE, [])
    number = values_of(change)["password"].number
    assert values.numbered[number] == FILLED.data["password"]


def test_a_replace_keeps_the_value_and_says_that_it_is_the_only_one() -> None:
    sealed = replace(FILLED, immutable=True)
    wanted = replace(A, data=wrapped({"user": "you"}), immutable=True)
    change = change_of(wanted, held(sealed), allow_replace=True)
    assert (change.action, drawn(change)) == (Action.REPLACE, [])
    assert "password" not in values_of(change)
    assert "only-copy-moved" in notes_of(change)


@pytest.mark.parametrize("target", [TARGET, KeyTarget(A.key)])
def test_a_rotation_generates_another_value_and_says_what_is_lost(target: KeyTarget) -> None:
    change = change_of(A, held(), rotate=(target,))
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.DATA,))
    assert drawn(change) == ["password"]
    assert "only copy" in notes_of(change)["only-copy-lost"]


def test_a_rotation_of_one_key_leaves_the_others() -> None:
    both = {**PASSWORD, "reconciler/generate.token": "alnum"}
    resource = replace(
        FILLED, annotations=both, data={**FILLED.data, **wrapped({"token": "t" * 32})}
    )
    change = change_of(replace(A, annotations=both), held(resource), rotate=(TARGET,))
    assert drawn(change) == ["password"]
    assert [*values_of(change)] == ["password"]


def test_a_rotation_of_an_immutable_object_is_a_replace_with_its_guard() -> None:
    sealed = replace(FILLED, immutable=True)
    wanted = replace(A, immutable=True)
    plan, _ = planned([wanted], snapshot(held(sealed)), rotate=(TARGET,))
    assert plan.changes[0].action is Action.REPLACE
    assert [refusal.guard for refusal in plan.refusals] == ["replace"]
    allowed, _ = planned([wanted], snapshot(held(sealed)), rotate=(TARGET,), allow_replace=True)
    assert allowed.refusals == ()


@pytest.mark.parametrize(
    "target",
    [
        KeyTarget(A.key, "user"),
        KeyTarget(A.key, "passwort"),
        KeyTarget(A.key._replace(name="b"), "password"),
        KeyTarget(secret("plain").key),
    ],
)
def test_a_rotation_of_what_is_not_generated_is_an_error(target: KeyTarget) -> None:
    with pytest.raises(ConfigError) as raised:
        planned([A, secret("plain", {"k": "v"})], rotate=(target, TARGET))
    assert str(target) in raised.value.message
    assert str(TARGET) not in raised.value.message
    if target.key == "passwort":
        assert "Secret/default/a:password" in raised.value.hint


def test_neither_create_only_nor_another_target_is_rotated() -> None:
    once = replace(A, annotations={**PASSWORD, "reconciler/create-only": "true"})
    assert drawn(change_of(once)) == ["password"]
    with pytest.raises(ConfigError):
        planned([once], snapshot(held()), rotate=(TARGET,))
    other = secret("b", {"k": "v"})
    with pytest.raises(ConfigError):
        planned([A, other], snapshot(held()), rotate=(TARGET,), targets=(other.key,))


@pytest.mark.parametrize(
    ("wanted", "options", "action"),
    [
        (None, {"prune": True}, Action.DELETE),
        (None, {"destroy": True}, Action.DELETE),
        (replace(A, annotations={}), {}, Action.UPDATE),
        (replace(FILLED, annotations={}, data=wrapped({"password": "x"})), {}, Action.UPDATE),
    ],
)
def test_a_plan_that_ends_the_only_copy_says_so(wanted: Any, options: Any, action: Action) -> None:
    plan, _ = planned([wanted] if wanted else [], snapshot(held()), **options)
    (change,) = plan.changes
    assert change.action is action
    assert "password" in notes_of(change)["only-copy-lost"]


def test_a_manifest_that_takes_the_value_over_loses_nothing() -> None:
    change = change_of(replace(FILLED, annotations={}), held())
    assert "only-copy-lost" not in notes_of(change)


def test_another_recipe_changes_no_value_and_the_plan_says_so() -> None:
    other = replace(A, annotations={"reconciler/generate.password": "hex"})
    change = change_of(other, held())
    assert (drawn(change), [*values_of(change)]) == ([], [])
    assert "--rotate Secret/default/a:password" in notes_of(change)["generated-stays"]
    rotated = change_of(other, held(), rotate=(TARGET,))
    assert "generated-stays" not in notes_of(rotated)


def test_a_pair_is_generated_together() -> None:
    change = change_of(DB)
    assert drawn(change) == ["tls.key"]
    assert {*values_of(change)} == {"tls.key", "tls.crt"}


@pytest.mark.parametrize("present", ["tls.key", "tls.crt"])
def test_half_a_pair_is_a_problem_until_it_is_rotated(present: str) -> None:
    half = held(replace(DB, data=wrapped({present: "x"})))
    plan, _ = planned([DB], snapshot(half))
    assert [problem.code for problem in plan.problems] == ["generate-incomplete"]
    plan, _ = planned([DB], snapshot(half), rotate=(KeyTarget(DB.key, "tls.crt"),))
    assert plan.problems == ()
    assert drawn(plan.changes[0]) == ["tls.key"]


@pytest.mark.parametrize("capability", [Capability.READ_VALUES, Capability.METADATA])
def test_stores_that_cannot_keep_what_is_generated_are_refused(capability: Capability) -> None:
    lacking = snapshot(capabilities=frozenset(Capability) - {capability})
    plan, _ = planned([A], lacking)
    (problem,) = plan.problems
    assert problem.code == "generate-unsupported"
    assert problem.source == A.source


def test_a_value_that_cannot_be_read_is_never_generated_anew() -> None:
    veiled = held(data={**FILLED.data, "password": UnreadValue(None)})
    plan, _ = planned([A], snapshot(veiled))
    assert [problem.code for problem in plan.problems] == ["generate-unknowable"]
    assert drawn(plan.changes[0]) == []


def state_of(lives: Live) -> tuple[ObjectState, dict[str, tuple[FieldState, Pending]]]:
    (item,) = drift([A], snapshot(lives), SET).objects
    fields = {
        field.path[1]: (field.state, field.pending)
        for field in item.fields
        if field.path[0] == DATA
    }
    return item.state, fields


def test_drift_of_a_generated_key_is_no_change_to_come() -> None:
    assert state_of(held())[0] is ObjectState.IN_SYNC
    state, fields = state_of(held(data=wrapped({"user": "me", "password": "another"})))
    assert state is ObjectState.DRIFTED
    assert fields["password"] == (FieldState.CHANGED, Pending.NONE)
    state, fields = state_of(held(data=wrapped({"user": "me"})))
    assert state is ObjectState.DRIFTED
    assert fields["password"] == (FieldState.REMOVED, Pending.NONE)


def test_a_key_that_was_never_applied_is_a_change_to_come() -> None:
    before = secret("a", {"user": "me"})
    _, fields = state_of(live(before, before))
    assert fields["password"][1] is Pending.SET


def test_an_export_leaves_the_value_to_the_annotation() -> None:
    document = manifest_of(held(), reveal=True)
    assert [*document["data"]] == ["user"]
    assert document["metadata"]["annotations"] == PASSWORD


def certified() -> Live:
    change = change_of(DB)
    numbered = {field.after.number: GeneratedValue(field.path) for field in _generated(change)}
    values = with_drawn(change, PlanValues(numbered, {}), MOMENT)
    data = {field.path[1]: values.numbered[field.after.number] for field in _generated(change)}
    return held(replace(DB, data=data))


def _generated(change: Change) -> list[Any]:
    return [field for field in change.fields if field.path[0] == DATA]


@pytest.mark.parametrize(
    ("day", "word"), [(0, ""), (59, ""), (61, "expires on 2027-02-26"), (91, "expired on")]
)
def test_certificates_are_reported_before_they_end(day: int, word: str) -> None:
    moment = MOMENT + timedelta(days=day)
    lives = {DB.key: certified(), A.key: held()}
    notices = [*certificate_notices(lives, PlanOptions(), moment)]
    assert len(notices) == bool(word)
    for notice in notices:
        assert word in notice.message
        assert "--rotate Secret/default/db:tls.key" in notice.message
    rotating = PlanOptions(rotate=(KeyTarget(DB.key),))
    assert [*certificate_notices(lives, rotating, moment)] == []


def test_what_is_no_certificate_is_not_reported() -> None:
    broken = held(replace(DB, data=wrapped({"tls.crt": "x", "tls.key": "y"})))
    assert [*certificate_notices({DB.key: broken}, PlanOptions(), MOMENT)] == []
