"""Plans that let objects go, and plans that move them from another set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ConfigError
from reconciler.model.objects import Applied, ObjectKey
from reconciler.model.plans import Action, Precondition, Reason
from tests.world import change_of, live, namespace, planned, record, secret, snapshot, wrapped

A = secret("a", {"k": "v"})
B = secret("b", {"k": "v"})
DEFAULT = namespace("default")
LEGACY = live(A, record(A, set_name="legacy"))


def test_all_that_the_set_owns_is_released_and_nothing_else() -> None:
    found = snapshot(live(A, A), live(B, record(B, set_name="other")), live(DEFAULT, DEFAULT))
    plan, values = planned([], found, release=True)
    assert {change.key: change.action for change in plan.changes} == {
        A.key: Action.RELEASE,
        DEFAULT.key: Action.RELEASE,  # no server deletes it, and nobody has to
    }
    (change,) = (change for change in plan.changes if change.key == A.key)
    assert change.precondition == Precondition.of(found.objects[A.key])
    assert (change.fields, change.patch, change.reasons) == ((), (), (Reason.RELEASE,))
    assert not plan.refusals
    assert [note.code for note in plan.notices] == ["released-stays"]
    assert not values.numbered


def test_a_release_of_all_is_no_emptied_set() -> None:
    plan, _ = planned([], snapshot(live(A, A)), release=True, allow_empty=False)
    assert not plan.refusals


def test_targets_are_released_with_their_versions() -> None:
    version = replace(A, key=A.key._replace(name="a-1"), annotations={"reconciler/version-of": "a"})
    found = snapshot(live(A, A), live(version, version), live(B, B))
    plan, _ = planned([], found, release=True, targets=(A.key,))
    assert {change.key for change in plan.changes} == {A.key, version.key}
    with pytest.raises(ConfigError, match="nope"):
        planned([], found, release=True, targets=(ObjectKey("Secret", "default", "nope"),))


def test_the_memory_of_what_is_gone_is_released_too() -> None:
    plan, _ = planned([], snapshot(vanished=frozenset({A.key})), release=True)
    (change,) = plan.changes
    assert change.reasons == (Reason.RELEASE, Reason.VANISHED)
    assert change.precondition is None
    assert plan.notices == ()


def test_the_only_copy_of_a_value_is_not_let_go() -> None:
    plan, _ = planned([], snapshot(copies=[live(A, A)]), release=True)
    assert [refusal.guard for refusal in plan.refusals] == ["interrupted"]


def test_prevent_destroy_does_not_hinder_a_release() -> None:
    kept = secret("a", {"k": "v"}, annotations={"reconciler/prevent-destroy": "true"})
    plan, _ = planned([], snapshot(live(kept, kept)), release=True)
    assert not plan.refusals


def test_a_move_is_an_update_of_the_record_alone() -> None:
    change = change_of(A, LEGACY, adopt_from="legacy")
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.TRANSFER,))
    assert (change.fields, change.patch) == ((), ())


def test_what_the_other_set_had_applied_is_removed_or_drifted_as_ones_own() -> None:
    both = secret("a", {"k": "v", "old": "x"})
    old = live(both, record(both, set_name="legacy"))
    meddled = replace(old, data=wrapped({"k": "theirs", "old": "x", "foreign": "y"}))
    change = change_of(A, meddled, adopt_from="legacy")
    assert {(field.path[-1], field.drift) for field in change.fields} == {
        ("k", True),
        ("old", False),
    }
    assert change.kept == (("data", "foreign"),)


@pytest.mark.parametrize(
    ("options", "guards"),
    [
        ({}, ["other-set"]),
        ({"adopt": True}, ["other-set"]),
        ({"adopt_from": "another"}, ["other-set"]),
        ({"adopt_from": "legacy"}, []),
    ],
)
def test_only_the_named_set_gives_its_objects(
    options: dict[str, object], guards: list[str]
) -> None:
    plan, _ = planned([A], snapshot(LEGACY), **options)
    assert [refusal.guard for refusal in plan.refusals] == guards


def test_adopt_from_does_not_adopt_what_is_nobodys() -> None:
    plan, _ = planned([A], snapshot(live(A, None)), adopt_from="legacy")
    assert [refusal.guard for refusal in plan.refusals] == ["adopt"]


def test_the_hint_quotes_a_name_that_a_shell_would_run() -> None:
    plan, _ = planned([A], snapshot(live(A, Applied(set_name="x; reboot"))))
    (refusal,) = plan.refusals
    assert "--adopt-from 'x; reboot'," in refusal.hint
