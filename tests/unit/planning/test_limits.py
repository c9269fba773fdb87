"""Plans for stores that cannot do all that an API server can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.consumers import Consumer
from reconciler.model.drift import FieldState, ObjectState
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES, Fingerprinter, PublicSalt
from reconciler.model.objects import Desired, Live
from reconciler.model.plans import Action, Change, FieldAction, Plan, Reason
from reconciler.model.search import ValueSearch
from reconciler.model.store import Capability
from reconciler.model.values import MASK, Nature, SecretValue, UnreadValue, ValueRef
from reconciler.planning.drift import drift
from tests.world import SET, live, planned, record, secret, snapshot

K = ("data", "k")
ONE = secret("a", {"k": "v", "l": "w"})
RETICENT = frozenset(Capability) - {
    Capability.READ_VALUES,
    Capability.UPDATE_VALUES,
    Capability.ROTATION,
}


def veiled(live: Live, *unknowable: str) -> Live:
    """`one` as a store shows it that gives no values back."""
    fields = {} if live.applied is None else live.applied.fields
    data = {
        key: UnreadValue(None if key in unknowable else fields.get(("data", key)))
        for key in live.data
    }
    return replace(live, data=data)


def plan_of(
    wanted: Desired, *lives: Live, without: set[Capability] | None = None, **options: Any
) -> Plan:
    capabilities = RETICENT if without is None else frozenset(Capability) - without
    fixed = frozenset({"reconciler/data-policy"})
    found = snapshot(*lives, capabilities=capabilities, fixed_annotations=fixed)
    return planned([wanted], found, **options)[0]


def change_of(wanted: Desired, *lives: Live, **how: Any) -> Change:
    (change,) = plan_of(wanted, *lives, **how).changes
    return change


def test_a_value_is_told_by_its_fingerprint() -> None:
    assert change_of(ONE, veiled(live(ONE, ONE))).action is Action.NO_OP


def test_a_value_that_differs_is_replaced_and_shown_as_unread() -> None:
    wanted = secret("a", {"k": "other", "l": "w"})
    change = change_of(wanted, veiled(live(ONE, ONE)), allow_replace=True)
    assert (change.action, change.reasons) == (Action.REPLACE, (Reason.DATA, Reason.VALUES))
    (field,) = change.fields
    assert (field.path, field.action, field.nature) == (K, FieldAction.CHANGED, Nature.CONTENT)
    assert isinstance(field.before, ValueRef)
    assert isinstance(field.after, ValueRef)
    assert (field.before.unread, field.after.unread) == (True, False)
    assert field.before.fingerprint == record(ONE).fields[K]
    assert [note.code for note in change.notes] == ["values-lost"]


def test_the_replace_is_guarded_and_says_why() -> None:
    wanted = secret("a", {"k": "other", "l": "w"})
    (refusal,) = plan_of(wanted, veiled(live(ONE, ONE))).refusals
    assert refusal.guard == "replace"
    assert "this store cannot change data" in refusal.message


@pytest.mark.parametrize("wanted", [secret("a", {"k": "v"}), secret("a", {"k": "v", "n": "w"})])
def test_keys_cannot_come_and_go_either(wanted: Desired) -> None:
    change = change_of(wanted, veiled(live(ONE, ONE)))
    assert change.action is Action.REPLACE
    assert Reason.VALUES in change.reasons


def test_what_others_added_is_kept_through_a_replace() -> None:
    found = veiled(live(secret("a", {"k": "v", "theirs": "x"}), secret("a", {"k": "v"})))
    wanted = secret("a", {"k": "other"})
    plan, values = planned([wanted], snapshot(found, capabilities=RETICENT))
    (change,) = plan.changes
    assert change.kept == (("data", "theirs"),)
    held = change.patch[0].value["data"]["theirs"]
    assert held.unread
    assert values.numbered[held.number] is found.data["theirs"]


def test_a_value_without_fingerprint_is_never_in_sync() -> None:
    found = veiled(live(ONE, ONE), "k")
    change = change_of(ONE, found)
    assert change.action is Action.REPLACE
    assert [field.path for field in change.fields] == [K]
    assert change.fields[0].before == ValueRef(1, "", unread=True)
    assert change.reasons == (Reason.UNREAD, Reason.VALUES)
    assert change.fields[0].nature is Nature.UNKNOWN


def test_what_somebody_else_made_is_adopted_only_by_replacing_it() -> None:
    plan = plan_of(ONE, veiled(live(ONE, None)))
    (change,) = plan.changes
    assert change.reasons == (Reason.ADOPT, Reason.UNREAD, Reason.VALUES)
    assert {refusal.guard for refusal in plan.refusals} == {"adopt", "replace"}
    assert plan_of(ONE, veiled(live(ONE, None)), adopt=True, allow_replace=True).refusals == ()


def test_a_delete_says_that_values_are_lost() -> None:
    plan, _ = planned([], snapshot(veiled(live(ONE, ONE)), capabilities=RETICENT), prune=True)
    assert [note.code for note in plan.changes[0].notes] == ["values-lost"]
    plan, _ = planned([], snapshot(live(ONE, ONE)), prune=True)
    assert plan.changes[0].notes == ()


def test_metadata_alone_are_updated() -> None:
    wanted = replace(ONE, labels={"a": "b"})
    change = change_of(wanted, veiled(live(ONE, ONE)))
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.METADATA,))
    assert change.notes == ()


def test_a_fixed_annotation_needs_a_replace() -> None:
    wanted = replace(ONE, annotations={"reconciler/data-policy": "exact"})
    change = change_of(wanted, veiled(live(ONE, ONE)))
    assert (change.action, change.reasons) == (Action.REPLACE, (Reason.METADATA, Reason.FIXED))


@pytest.mark.parametrize(
    ("unknowable", "state", "of_field"),
    [
        ((), ObjectState.IN_SYNC, FieldState.IN_SYNC),
        (("k",), ObjectState.UNKNOWABLE, FieldState.UNKNOWABLE),
    ],
)
def test_drift_tells_what_is_unknowable(
    unknowable: tuple[str, ...], state: ObjectState, of_field: FieldState
) -> None:
    found = snapshot(veiled(live(ONE, ONE), *unknowable), capabilities=RETICENT)
    (one,) = drift([ONE], found, SET).objects
    assert one.state is state
    assert {field.path: field.state for field in one.fields}[K] is of_field


def test_drift_beside_what_is_unknowable_is_drift() -> None:
    found = veiled(live(replace(ONE, labels={}), replace(ONE, labels={"a": "b"})), "k")
    (one,) = drift([ONE], snapshot(found, capabilities=RETICENT), SET).objects
    assert one.state is ObjectState.DRIFTED


def test_metadata_that_a_store_does_not_keep_are_left_out_and_said_so() -> None:
    wanted = replace(
        ONE, labels={"a": "b"}, annotations={"note": "x", "reconciler/ignore-keys": "l"}
    )
    found = live(secret("a", {"k": "v", "l": "other"}), secret("a", {"k": "v"}))
    plan = plan_of(wanted, found, without={Capability.METADATA})
    assert plan.pending == ()
    assert [note.code for note in plan.notices] == ["metadata-not-kept"]
    (one,) = drift(
        [wanted], snapshot(found, capabilities=frozenset(Capability) - {Capability.METADATA}), SET
    ).objects
    assert not one.pending
    steered = replace(ONE, annotations={"reconciler/ignore-keys": "l"})
    assert plan_of(steered, found, without={Capability.METADATA}).notices == ()


def test_preconditions_that_are_best_effort_are_said_to_be() -> None:
    plan = plan_of(ONE, without={Capability.PRECONDITIONS})
    assert [note.code for note in plan.notices] == ["preconditions-best-effort"]
    assert plan_of(ONE, without=set()).notices == ()


def test_an_unread_value_says_nothing() -> None:
    value = UnreadValue("f" * 32)
    assert f"{value} {value!r} {value:>3}" == f"{MASK} {MASK} {MASK}"
    with pytest.raises(TypeError):
        value.reveal()
    assert value == UnreadValue("f" * 32)
    assert value != UnreadValue(None)
    assert SecretValue(b"") != value
    assert SecretValue(b"") != UnreadValue(None)
    assert not ValueSearch([value]).is_in("anything at all")


def test_a_salt_that_everybody_knows_makes_guesses_dear() -> None:
    salt = PublicSalt(b"s" * FINGERPRINT_KEY_BYTES)
    value = SecretValue(b"short")
    stretched = Fingerprinter(salt).of("shop", K, value)
    assert stretched != Fingerprinter(bytes(salt)).of("shop", K, value)
    assert stretched == Fingerprinter(PublicSalt(salt)).of("shop", K, SecretValue(b"short"))
    assert stretched != Fingerprinter(PublicSalt(b"t" * 32)).of("shop", K, value)
    plain = ("metadata", "labels", "a")
    assert Fingerprinter(salt).of("", plain, "b") == Fingerprinter(bytes(salt)).of("", plain, "b")


ROTATING = RETICENT | {Capability.ROTATION}
WEB = Consumer("Service", "", "web", ONE.key, key="k", field="file k")
JOB = Consumer("Service", "", "job", ONE.key, key="l")
OTHER = secret("a", {"k": "other", "l": "w"})


def rotation_of(wanted: Desired, live: Live, **more: Any) -> Plan:
    options = {name: more.pop(name) for name in ("rotate_services", "prune") if name in more}
    world = snapshot(live, **{"capabilities": ROTATING, "consumers": (WEB, JOB), **more})
    return planned([wanted], world, **options)[0]


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(note.code, note.message.split(" ")[0]) for note in plan.changes[0].notes[1:]]


def test_a_rotation_names_those_who_use_what_changes() -> None:
    found = veiled(live(ONE, ONE))
    plan = rotation_of(OTHER, found, rotate_services=True)
    assert plan.refusals == ()
    assert told(plan) == [("service-updated", "Service/web")]
    plan = rotation_of(OTHER, found)
    assert [refusal.guard for refusal in plan.refusals] == ["replace"]
    assert told(plan) == [("service-keeps-old", "Service/web")]
    assert "--rotate-services" in plan.changes[0].notes[1].message


def test_what_uses_a_key_that_goes_cannot_be_moved() -> None:
    plan = rotation_of(secret("a", {"l": "w"}), veiled(live(ONE, ONE)), rotate_services=True)
    assert told(plan) == [("service-keeps-old", "Service/web")]
    assert "has no k" in plan.changes[0].notes[1].message


def test_the_wish_to_rotate_allows_no_replace_of_what_is_unknowable() -> None:
    plan = rotation_of(ONE, veiled(live(ONE, ONE), "k"), rotate_services=True)
    assert [refusal.guard for refusal in plan.refusals] == ["replace"]


def test_a_store_that_cannot_rotate_is_not_asked_to() -> None:
    plan = rotation_of(OTHER, veiled(live(ONE, ONE)), rotate_services=True, capabilities=RETICENT)
    assert [refusal.guard for refusal in plan.refusals] == ["replace"]
    assert told(plan) == []


@pytest.mark.parametrize(
    ("users", "rotate", "action"),
    [
        ((), False, Action.UPDATE),
        ((), True, Action.UPDATE),
        ((WEB,), True, Action.UPDATE),
        ((WEB,), False, Action.NO_OP),
    ],
)
def test_old_versions_are_made_an_end_of(
    *, users: tuple[Consumer, ...], rotate: bool, action: Action
) -> None:
    found = veiled(live(ONE, ONE))
    plan = rotation_of(ONE, found, outdated={ONE.key: users}, rotate_services=rotate)
    (change,) = plan.changes
    assert (change.action, change.patch) == (action, ())
    if action is Action.UPDATE:
        assert change.reasons == (Reason.ROTATION,)
    assert [note.code for note in change.notes] == ["service-updated"] * (rotate and bool(users))
    waiting = [note.code for note in plan.notices]
    assert waiting == ["old-version-used"] * (action is Action.NO_OP)
