"""Which action a difference takes, and which reasons are given for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.objects import Bystander, Desired, ObjectKey
from reconciler.model.plan_options import DeleteLimit
from reconciler.model.plans import Action, FieldAction, Precondition, Reason
from reconciler.model.store import Capability
from reconciler.model.values import Nature, UidOf, ValueRef
from tests.world import (
    account,
    change_of,
    live,
    namespace,
    owner,
    planned,
    record,
    secret,
    snapshot,
    uid_of,
    wrapped,
)

OPEN = secret("a", {"k": "v"})
SEALED = replace(OPEN, immutable=True)
OTHER_TYPE = replace(OPEN, type="example.com/own")


def with_data(desired: Desired, **values: str) -> Desired:
    return replace(desired, data=wrapped(values))


@pytest.mark.parametrize(
    ("wanted", "before", "action", "reasons"),
    [
        (OPEN, OPEN, Action.NO_OP, ()),
        (SEALED, SEALED, Action.NO_OP, ()),
        (SEALED, OPEN, Action.UPDATE, (Reason.SEAL,)),
        (with_data(SEALED, k="w"), OPEN, Action.UPDATE, (Reason.DATA, Reason.SEAL)),
        (OPEN, SEALED, Action.REPLACE, (Reason.UNSEAL,)),
        (with_data(SEALED, k="w"), SEALED, Action.REPLACE, (Reason.DATA, Reason.IMMUTABLE)),
        (
            with_data(OPEN, k="w"),
            SEALED,
            Action.REPLACE,
            (Reason.DATA, Reason.UNSEAL, Reason.IMMUTABLE),
        ),
        (replace(SEALED, labels={"a": "b"}), SEALED, Action.UPDATE, (Reason.METADATA,)),
        (OTHER_TYPE, OPEN, Action.REPLACE, (Reason.TYPE,)),
        (replace(OTHER_TYPE, immutable=True), OPEN, Action.REPLACE, (Reason.SEAL, Reason.TYPE)),
    ],
)
def test_the_table_of_what_is_immutable(
    wanted: Desired, before: Desired, action: Action, reasons: tuple[Reason, ...]
) -> None:
    change = change_of(wanted, live(before, before))
    assert (change.action, change.reasons) == (action, reasons)
    assert [note.code for note in change.notes] == ["stale-kubelets"] * (action is Action.REPLACE)
    assert change.precondition == Precondition(uid_of(wanted.key), "7")


def test_a_store_in_which_nothing_runs_has_no_kubelets() -> None:
    found = snapshot(
        live(OTHER_TYPE, OTHER_TYPE), capabilities=frozenset(Capability) - {Capability.CONSUMERS}
    )
    plan, _ = planned([OPEN], found, allow_replace=True)
    (change,) = plan.changes
    assert (change.action, change.notes) == (Action.REPLACE, ())


def test_what_others_sealed_stays_sealed_and_is_replaced_for_its_data_alone() -> None:
    found = live(SEALED, OPEN)
    kept = change_of(OPEN, found)
    assert (kept.action, kept.kept) == (Action.NO_OP, (("immutable",),))
    change = change_of(with_data(OPEN, k="w"), found)
    assert change.reasons == (Reason.DATA, Reason.IMMUTABLE)
    assert change.patch[0].value["immutable"] is True


def test_a_replace_adds_the_whole_document_with_what_others_own() -> None:
    wanted = with_data(SEALED, k="w")
    foreign = {"k": "v", "foreign": "f"}
    change = change_of(wanted, live(with_data(SEALED, **foreign), SEALED))
    (operation,) = change.patch
    assert (operation.op, operation.path) == ("add", "")
    assert set(operation.value["data"]) == {"k", "foreign"}
    assert all(isinstance(value, ValueRef) for value in operation.value["data"].values())
    assert [field.path for field in change.fields] == [("data", "k")]


def test_a_missing_object_is_created_whole() -> None:
    wanted = replace(SEALED, labels={"a": "b"})
    change = change_of(wanted)
    assert (change.action, change.reasons) == (Action.CREATE, (Reason.MISSING,))
    assert change.precondition is None
    assert [(field.path, field.action) for field in change.fields] == [
        (path, FieldAction.ADDED)
        for path in (("data", "k"), ("immutable",), ("metadata", "labels", "a"), ("type",))
    ]


def test_the_patch_of_an_update_touches_what_differs_and_nothing_else() -> None:
    wanted = replace(with_data(OPEN, k="w", l="x"), labels={"example.com/a": "1"})
    change = change_of(
        wanted, live(replace(OPEN, labels={"b": "2"}), replace(OPEN, labels={"b": ""}))
    )
    assert [(operation.op, operation.path) for operation in change.patch] == [
        ("replace", "/data/k"),
        ("add", "/data/l"),
        ("remove", "/metadata/labels/b"),
        ("add", "/metadata/labels/example.com~1a"),
    ]
    assert change.reasons == (Reason.DATA, Reason.METADATA)


def test_metadata_that_has_little_in_common_is_told_field_by_field() -> None:
    before = replace(OPEN, labels={f"old-{number}": "x" for number in range(5)})
    wanted = replace(OPEN, labels={"new-0": "y", "new-1": "z"})
    fields = change_of(wanted, live(before, before)).fields
    assert [(field.path[2], field.action, field.before, field.after) for field in fields] == [
        *((f"new-{n}", FieldAction.ADDED, None, text) for n, text in enumerate("yz")),
        *((f"old-{number}", FieldAction.REMOVED, "x", None) for number in range(5)),
    ]


@pytest.mark.parametrize("seal", [False, True], ids=["update", "replace"])
def test_who_wrote_a_field_last_is_told_where_it_goes(*, seal: bool) -> None:
    applied = secret("a", {"same": "s", "mine": "m", "left": "l"}, labels={"tier": "x"})
    found = live(
        replace(applied, data=wrapped({"same": "s", "mine": "n", "left": "l"}), immutable=seal),
        applied,
        managers={
            ("data", "mine"): "kubectl-edit",
            ("data", "same"): "kubectl-edit",
            ("data", "new"): "nobody",
            ("data", "left"): "sidecar",
            ("metadata", "labels", "tier"): "a-controller",
        },
    )
    wanted = with_data(replace(applied, labels={"tier": "y"}), same="s", mine="m", new="w")
    change = change_of(wanted, found, allow_replace=True)
    assert change.action is (Action.REPLACE if seal else Action.UPDATE)
    assert {field.path[-1]: field.manager for field in change.fields} == {
        "left": "sidecar",
        "mine": "kubectl-edit",
        "new": "",
        "tier": "a-controller",
    }


@pytest.mark.parametrize(
    ("before", "after", "nature"),
    [
        ("hunter2", "hunter2\n", Nature.WHITESPACE),
        ("a b", "ab", Nature.WHITESPACE),
        ("hunter2!", "aHVudGVyMiE=", Nature.ENCODED),
        ("hunter2!", "hunter3!", Nature.CONTENT),
    ],
)
def test_the_nature_of_a_change_is_told(before: str, after: str, nature: Nature) -> None:
    found = with_data(OPEN, k=before)
    (field,) = change_of(with_data(OPEN, k=after), live(found, found)).fields
    assert field.nature is nature


def noted(desired: Desired, **annotations: str) -> Desired:
    return replace(
        desired,
        annotations={f"reconciler/{k.replace('_', '-')}": v for k, v in annotations.items()},
    )


def test_what_is_only_to_be_created_is_left_alone_later() -> None:
    wanted = noted(with_data(OPEN, k="w"), create_only="true")
    found = live(OPEN, None)
    assert change_of(wanted).action is Action.CREATE
    plan, _ = planned([wanted], snapshot(found))
    assert plan.pending == plan.refusals == ()
    assert change_of(noted(wanted, create_only="false"), found).action is Action.UPDATE


@pytest.mark.parametrize(
    ("annotation", "value", "problem"),
    [
        ("prevent-destroy", "yes", "invalid value"),
        ("ignore-keys", " , ", "invalid value"),
        ("create-only", "True", "invalid value"),
        ("data-policy", "strict", "invalid value"),
        ("replace", "allow", "invalid value"),
        ("prevent-destory", "true", "is not an annotation of reconciler"),
    ],
)
def test_lifecycle_annotations_with_invalid_values_are_problems(
    annotation: str, value: str, problem: str
) -> None:
    name = f"reconciler/{annotation}"
    plan, _ = planned([replace(OPEN, annotations={name: value})])
    (found,) = plan.problems
    assert (found.code, found.field) == ("lifecycle-invalid", f"metadata.annotations[{name}]")
    assert problem in found.message
    assert found.source == OPEN.source


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("prevent-destroy", "false"),
        ("ignore-keys", "a, b*"),
        ("create-only", "false"),
        ("data-policy", "merge"),
        ("replace", "allowed"),
    ],
)
def test_lifecycle_annotations_that_mean_something_are_none(annotation: str, value: str) -> None:
    plan, _ = planned([replace(OPEN, annotations={f"reconciler/{annotation}": value})])
    assert plan.problems == ()


MADE = replace(OPEN, key=OPEN.key._replace(name=""), generate_name="made-")


def made_live(suffix: str, **content: Any) -> Any:
    key = MADE.key._replace(name=f"made-{suffix}")
    one = replace(MADE, key=key)
    return live(one, record(one), uid=uid_of(key), **content)


def test_a_generated_name_is_open_until_there_is_one() -> None:
    plan, _ = planned([MADE])
    (change,) = plan.changes
    assert change.key == ObjectKey("Secret", "default", "made-*")
    assert (change.action, change.generate_name) == (Action.CREATE, "made-")


def test_a_generated_name_is_matched_with_the_newest_object_of_the_set() -> None:
    old = made_live("zzzzz", created="2026-01-01T00:00:00Z")
    new = made_live("aaaaa", created="2026-01-02T00:00:00Z")
    foreign = made_live(
        "xxxxx",
        created="2026-01-03T00:00:00Z",
    )
    foreign = replace(foreign, applied=None)
    plan, _ = planned([MADE], snapshot(old, new, foreign), prune=True)
    assert {change.key.name: change.action for change in plan.changes} == {
        "made-aaaaa": Action.NO_OP,
        "made-zzzzz": Action.DELETE,
    }


def test_a_generated_name_is_not_matched_across_kinds_and_namespaces() -> None:
    elsewhere = made_live("aaaaa")
    moved = replace(elsewhere, key=elsewhere.key._replace(namespace="shop"))
    plan, _ = planned([MADE, namespace("shop")], snapshot(moved))
    assert "made-*" in {change.key.name for change in plan.changes}


def test_a_replaced_object_keeps_its_generated_name() -> None:
    change = change_of_made(replace(MADE, type="example.com/own"))
    assert (change.action, change.generate_name) == (Action.REPLACE, "made-")
    assert change.key.name == "made-aaaaa"


def change_of_made(wanted: Desired) -> Any:
    plan, _ = planned([wanted], snapshot(made_live("aaaaa")))
    (change,) = plan.changes
    return change


def test_owners_that_are_known_and_owners_that_will_be() -> None:
    robot, held = account("robot"), secret("b", owners=(owner(account("robot")),))

    def owner_uid(plan: Any) -> Any:
        (change,) = (change for change in plan.changes if change.key == held.key)
        (field,) = (field for field in change.fields if field.path[1:2] == ("ownerReferences",))
        assert field.path[2].startswith("ServiceAccount/robot/")
        return field.after["uid"]

    assert owner_uid(planned([held, robot])[0]) == UidOf("ServiceAccount", "default", "robot")
    known, _ = planned([held, robot], snapshot(live(robot, robot)))
    assert owner_uid(known) == uid_of(robot.key)
    told = replace(held, owners=(owner(robot, "told"),))
    assert owner_uid(planned([told], snapshot(live(robot, None)))[0]) == "told"


@pytest.mark.parametrize("is_named", [False, True])
def test_a_copy_of_an_interrupted_replace_is_put_to_use(*, is_named: bool) -> None:
    wanted = with_data(SEALED, k="new")
    copy = live(with_data(SEALED, k="v", foreign="f", gone="g"), with_data(SEALED, k="v", gone="g"))
    plan, _ = planned([wanted] if is_named else [], snapshot(copies=[copy]))
    if not is_named:
        assert plan.changes == ()
        assert [note.code for note in plan.notices] == ["copy-kept"]
        assert str(wanted.key) in plan.notices[0].message
        return
    (change,) = plan.changes
    assert (change.action, change.reasons) == (
        Action.CREATE,
        (Reason.MISSING, Reason.INTERRUPTED),
    )
    assert set(change.patch[0].value["data"]) == {"k", "foreign"}
    assert change.kept == (("data", "foreign"),)
    assert change.claims == (("data", "k"), ("immutable",), ("type",))


def test_a_copy_of_an_object_that_no_set_owned_loses_nothing() -> None:
    copy = live(with_data(SEALED, k="v", foreign="f"), None)
    plan, _ = planned([with_data(OPEN, k="w")], snapshot(copies=[copy]))
    (change,) = plan.changes
    assert change.kept == (("data", "foreign"), ("immutable",))
    assert plan.refusals == ()


def test_what_only_a_copy_holds_and_the_manifest_does_not_want_is_told() -> None:
    wanted = with_data(SEALED, k="new", same="s", more="m")
    copy = live(
        with_data(SEALED, k="v", same="s", gone="g", theirs="t"),
        with_data(SEALED, k="v", same="s", gone="g"),
    )
    (merged,) = planned([wanted], snapshot(copies=[copy]))[0].changes
    exact = replace(wanted, annotations={"reconciler/data-policy": "exact"})
    (alone,) = planned([exact], snapshot(copies=[copy]))[0].changes
    for change, lost in ((merged, {"gone"}), (alone, {"gone", "theirs"})):
        told = {field.path[1]: field for field in change.fields if field.path[0] == "data"}
        assert {key for key, one in told.items() if one.action is FieldAction.REMOVED} == lost
        assert {key for key, one in told.items() if one.action is FieldAction.CHANGED} == {"k"}
        assert isinstance(told["k"].before, ValueRef)
        assert isinstance(told["gone"].before, ValueRef)
        assert [field.path for field in change.fields] == sorted(
            field.path for field in change.fields
        )
    assert merged.kept == (("data", "theirs"),)


def test_pruning_drops_a_copy_that_no_manifest_names() -> None:
    copy = live(SEALED, SEALED)
    plan, _ = planned([], snapshot(copies=[copy]), prune=True)
    (change,) = plan.changes
    assert (change.action, change.precondition) == (Action.DELETE, None)
    assert change.reasons == (Reason.PRUNE, Reason.INTERRUPTED)
    assert plan.notices == ()


def test_pruning_forgets_what_somebody_else_has_deleted() -> None:
    found = snapshot(vanished=frozenset({OPEN.key}))
    plan, _ = planned([], found, prune=True, max_deletes=DeleteLimit(0, percent=False))
    (change,) = plan.changes
    assert (change.action, change.precondition) == (Action.DELETE, None)
    assert change.reasons == (Reason.PRUNE, Reason.VANISHED)
    assert [note.code for note in change.notes] == ["already-gone"]
    assert (plan.notices, plan.refusals) == ((), ())
    kept, _ = planned([], found)
    assert kept.changes == ()
    assert [note.code for note in kept.notices] == ["left-and-gone"]


@pytest.mark.parametrize(
    "there",
    [
        {"bystanders": [Bystander(OPEN.key, "u")]},
        {"copies": [live(OPEN, None)]},
        {"objects": {OPEN.key: live(OPEN, None)}},
    ],
    ids=["another's", "copy", "nobody's"],
)
def test_what_is_there_again_has_not_vanished(there: dict[str, Any]) -> None:
    plan, _ = planned([], snapshot(vanished=frozenset({OPEN.key}), **there), prune=True)
    assert plan.changes == ()


def test_what_a_generated_name_made_is_not_left_over_when_it_vanishes() -> None:
    made, other = MADE.key._replace(name="made-aaaaa"), MADE.key._replace(name="other")
    plan, _ = planned([MADE], snapshot(vanished=frozenset({made, other})), prune=True)
    assert [change.key.name for change in plan.changes] == ["made-*", "other"]


def test_an_interrupted_replace_of_a_generated_name_is_resumed_under_that_name() -> None:
    copy = made_live("aaaaa")
    plan, _ = planned([MADE], snapshot(copies=[copy]), prune=True)
    (change,) = plan.changes
    assert (change.key.name, change.generate_name) == ("made-aaaaa", "made-")
    assert change.reasons == (Reason.MISSING, Reason.INTERRUPTED)
    newer = made_live("zzzzz", created="2026-01-03T00:00:00Z")
    there, _ = planned([MADE], snapshot(made_live("bbbbb"), copies=[newer]))
    assert [one.key.name for one in there.changes] == ["made-bbbbb"]


def test_a_store_without_a_fingerprint_key_is_planned_for_all_the_same() -> None:
    plan, values = planned([OPEN], snapshot(fingerprint_key=None))
    assert len(plan.pending) == 1
    assert [*values.numbered.values()] == [OPEN.data["k"]]


def test_a_store_without_namespaces_asks_for_none() -> None:
    lone = secret("a", home="nowhere")
    with_them, _ = planned([lone])
    without, _ = planned([lone], snapshot(capabilities=frozenset[Capability]()))
    assert [problem.code for problem in with_them.problems] == ["reference-unknown"]
    assert without.problems == ()
