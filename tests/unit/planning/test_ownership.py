"""The table of three-way ownership: what the manifest says, what is live, what was applied last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.fields import Fields
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.lifecycle import Lifecycle
from reconciler.model.objects import Applied, Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, FieldAction, Reason
from reconciler.model.values import SecretValue, ValueRef
from reconciler.planning import planner
from reconciler.planning.ownership import merge, newly_made
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

FIELDS: dict[str, tuple[tuple[str, ...], Any, Any]] = {
    "data": (("data", "k"), SecretValue(b"one"), SecretValue(b"two")),
    "label": (("metadata", "labels", "k"), "one", "two"),
    "annotation": (("metadata", "annotations", "k"), "one", "two"),
    "owner": (("metadata", "ownerReferences", "Secret/k"), {"uid": "1"}, {"uid": "2"}),
    "setting": (("secrets",), [{"name": "one"}], [{"name": "two"}]),
    "finalizer": (("metadata", "finalizers", "k"), "k", "k"),
    "immutable": (("immutable",), True, True),
}
NOTHING = Lifecycle()


@pytest.mark.parametrize("group", FIELDS)
@pytest.mark.parametrize("is_applied", [False, True], ids=["not applied", "applied"])
@pytest.mark.parametrize("is_live", [False, True], ids=["absent", "live"])
@pytest.mark.parametrize("is_desired", [False, True], ids=["unwanted", "wanted"])
def test_the_table(group: str, *, is_applied: bool, is_live: bool, is_desired: bool) -> None:
    path, wanted, found = FIELDS[group]
    merged = merge(
        {path: wanted} if is_desired else {},
        {path: found} if is_live else {},
        {path: "f"} if is_applied else {},
        NOTHING,
    )
    is_foreign = is_live and not is_desired and not is_applied
    assert merged.target == ({path: wanted} if is_desired else {path: found} if is_foreign else {})
    assert merged.claims == ((path,) if is_desired else ())
    assert merged.kept == ((path,) if is_foreign else ())


def test_exact_data_takes_away_keys_of_others_and_nothing_else() -> None:
    label, key = ("metadata", "labels", "k"), ("data", "k")
    live_fields = {label: "one", key: wrapped({"k": "one"})["k"]}
    merged = merge({}, live_fields, {}, Lifecycle(exact_data=True))
    assert merged.target == {label: "one"}
    assert merged.kept == (label,)


@pytest.mark.parametrize("exact", [False, True])
def test_ignored_keys_stay_as_they_are_live_and_are_not_claimed(*, exact: bool) -> None:
    one, two = wrapped({"one": "one", "two": "two"}).values()
    merged = merge(
        {("data", "tls.crt"): one, ("data", "tls.new"): one, ("data", "a"): one},
        {("data", "tls.crt"): two, ("data", "tls.left"): two},
        {("data", "tls.left"): "f"},
        Lifecycle(ignored_keys=("tls.*",), exact_data=exact),
    )
    assert merged.target == {
        ("data", "tls.crt"): two,
        ("data", "tls.left"): two,
        ("data", "a"): one,
    }
    assert merged.claims == (("data", "a"),)


def test_a_new_object_is_given_ignored_keys_once() -> None:
    fields: Fields = {("data", "tls.crt"): SecretValue(b"x"), ("data", "a"): SecretValue(b"y")}
    merged = newly_made(fields, Lifecycle(ignored_keys=("tls.*",)))
    assert merged.target == fields
    assert merged.claims == (("data", "a"),)


BASE = secret("a", {"k": "v"}, labels={"app": "x"})


def test_what_is_in_sync_is_left_alone() -> None:
    change = change_of(BASE, live(BASE, BASE))
    assert change.action is Action.NO_OP
    assert change.fields == change.patch == ()
    assert change.claims == (("data", "k"), ("metadata", "labels", "app"), ("type",))


def test_a_key_that_left_the_manifest_goes_and_one_of_others_stays() -> None:
    before = replace(BASE, data=wrapped({"k": "v", "gone": "x"}))
    found = live(replace(before, data={**before.data, **wrapped({"foreign": "x"})}), before)
    change = change_of(BASE, found)
    assert [(field.path, field.action) for field in change.fields] == [
        (("data", "gone"), FieldAction.REMOVED)
    ]
    assert change.kept == (("data", "foreign"),)
    assert change.reasons == (Reason.DATA,)
    assert [(operation.op, operation.path) for operation in change.patch] == [
        ("remove", "/data/gone")
    ]


def test_what_another_set_applied_is_not_taken_away() -> None:
    other = Applied(set_name="other", fields=record(BASE).fields)
    change = change_of(secret("a", {"l": "v"}), live(BASE, other))
    assert change.kept == (("data", "k"), ("metadata", "labels", "app"))
    assert change.reasons == (Reason.TRANSFER, Reason.DATA)


def test_a_field_that_is_newly_wanted_and_there_already_only_needs_the_record() -> None:
    both = replace(BASE, data=wrapped({"k": "v", "l": "w"}))
    change = change_of(both, live(both, BASE))
    assert (change.action, change.reasons) == (Action.UPDATE, (Reason.RECORD,))
    assert change.patch == change.fields == ()


@pytest.mark.parametrize(
    ("before", "after", "path", "is_drift"),
    [
        (BASE, replace(BASE, data=wrapped({"k": "theirs"})), ("data", "k"), True),
        (BASE, replace(BASE, labels={}), ("metadata", "labels", "app"), True),
        (replace(BASE, labels={"app": "y"}), None, ("metadata", "labels", "app"), False),
    ],
    ids=["value changed by others", "label removed by others", "manifest changed"],
)
def test_drift_flags(
    before: Desired, after: Desired | None, path: tuple[str, ...], *, is_drift: bool
) -> None:
    change = change_of(BASE, live(after or before, before))
    assert [(field.path, field.drift) for field in change.fields] == [(path, is_drift)]


def test_drift_within_a_setting_and_an_owner_is_drift() -> None:
    robot = account("robot", settings={"secrets": [{"name": "a"}, {"name": "b"}]})
    found = live(replace(robot, settings={"secrets": [{"name": "a"}, {"name": "c"}]}), robot)
    change = change_of(robot, found)
    assert [(field.path, field.drift) for field in change.fields] == [
        (("secrets", "1", "name"), True)
    ]
    held = secret("b", owners=(owner(robot, uid_of(robot.key)),))
    freed = replace(held, owners=(owner(robot, uid_of(robot.key), controller=True),))
    plan, _ = planned([robot, held], snapshot(live(robot, robot), live(freed, held)))
    (changed,) = (change for change in plan.changes if change.key == held.key)
    assert [(field.path[3:], field.drift) for field in changed.fields] == [(("controller",), True)]


def test_an_owner_that_was_made_anew_is_followed_without_drift() -> None:
    robot = account("robot")
    held = secret("b", owners=(owner(robot),))
    old = replace(held, owners=(owner(robot, "the old uid"),))
    found = live(old, old)
    plan, _ = planned([robot, held], snapshot(live(robot, robot), found))
    (change,) = plan.pending
    assert change.reasons == (Reason.METADATA,)
    uids = [
        _uid_in(field.before or field.after)
        for field in change.fields
        if field.action in {FieldAction.ADDED, FieldAction.REMOVED} and not field.drift
    ]
    assert sorted(uids) == ["the old uid", uid_of(robot.key)]
    assert [operation.value for operation in change.patch] == [
        [{"apiVersion": "v1", "kind": "ServiceAccount", "name": "robot", "uid": uid_of(robot.key)}]
    ]


def test_a_namespace_and_an_account_are_compared_likewise() -> None:
    shop, robot = namespace("shop", labels={"a": "b"}), account("robot", home="shop")
    found = snapshot(
        live(replace(shop, labels={"kubernetes.io/metadata.name": "shop"}), namespace("shop")),
        live(replace(robot, settings={"secrets": [{"name": "x"}]}), robot),
    )
    plan, _ = planned([shop, robot], found)
    assert {change.key.kind: change.action for change in plan.changes} == {
        "Namespace": Action.UPDATE,
        "ServiceAccount": Action.NO_OP,
    }
    assert {change.key.kind: change.kept for change in plan.changes} == {
        "Namespace": (("metadata", "labels", "kubernetes.io/metadata.name"),),
        "ServiceAccount": (("secrets",),),
    }


def test_records_are_read_with_the_stores_key_and_not_with_the_plans() -> None:
    """A plan that was made before the store existed is formed again with a key of its own."""
    own = Fingerprinter(b"o" * 32)
    plan, _ = planner.plan([BASE], snapshot(live(BASE, BASE)), PlanOptions(), own)
    assert plan.pending == ()
    wanted = replace(BASE, data=wrapped({"k": "w"}))
    changed, _ = planner.plan([wanted], snapshot(live(BASE, BASE)), PlanOptions(), own)
    (field,) = changed.changes[0].fields
    assert not field.drift
    assert field.after == ValueRef(0, own.of("default", ("data", "k"), wanted.data["k"]))


def _uid_in(leaf: Any) -> str:
    return str(leaf["uid"])
