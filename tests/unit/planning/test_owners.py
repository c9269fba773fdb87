"""Owner references: none is taken for another, none is lost, and old records are understood."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.documents import owner_document, to_document
from reconciler.model.events import Outcome
from reconciler.model.fields import flatten, leaf_text, owner_key, unflatten
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import (
    Applied,
    Desired,
    Live,
    ObjectKey,
    OwnerReference,
    Resource,
)
from reconciler.model.plans import Action
from reconciler.model.values import UidOf
from reconciler.planning.drift import drift
from reconciler.planning.exporting import manifest_of
from reconciler.planning.owners import former_path, settled_path, understood_record, with_owner_uids
from tests.world import (
    FINGERPRINTS,
    SET,
    World,
    account,
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

GROUP = ("metadata", "ownerReferences")
ROBOT = account("robot")
TEXTS = st.sampled_from(["a", "b", "a/b", "*", "", "2", "a/2"])
REFERENCES = st.builds(
    OwnerReference,
    st.sampled_from(["v1", "example.com/v1", "example.com/v2", "b/v1"]),
    st.sampled_from(["Secret", "Deployment", "a", "a.b"]),
    TEXTS,
    TEXTS,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, True]),
)
OURS = owner(ROBOT, uid_of(ROBOT.key))
OTHERS = (
    replace(OURS, api_version="example.com/v1", uid="of another group"),
    replace(OURS, uid="of another object"),
    replace(OURS, api_version="example.com/v2", uid="of another group", controller=True),
)


def owned(*owners: OwnerReference) -> Desired:
    return secret("a", owners=owners)


def former_record(resource: Resource, *, prints: Fingerprinter = FINGERPRINTS) -> Applied:
    """The record of an apply of `resource` as 0.1.0 wrote it."""
    fields = {}
    for path, leaf in flatten(resource).items():
        old = former_path(leaf) if path[:2] == GROUP else path
        fields[old] = prints.of(resource.namespace, old, leaf_text(leaf))
    return Applied(set_name=SET, fields=fields)


@given(st.lists(REFERENCES, max_size=6))
def test_no_two_references_share_a_field(references: list[OwnerReference]) -> None:
    kept = unflatten(flatten(owned(*references)))["metadata"].get("ownerReferences", [])
    assert kept == [*map(owner_document, dict.fromkeys(references))]


def test_numbers_are_no_uids() -> None:
    plain = owner(ROBOT, "u")
    owners = (plain, replace(plain, controller=True), replace(plain, uid="u/2"))
    assert unflatten(flatten(owned(*owners))) == to_document(owned(*owners))


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        (owner(ROBOT), ROBOT.key),
        (owner(namespace("n")), ObjectKey("Namespace", "", "n")),
        (
            OwnerReference("apps/v1", "Deployment", "web", ""),
            ObjectKey("Deployment.apps", "default", "web"),
        ),
        (
            OwnerReference("example.com/v1", "Namespace", "n", ""),
            ObjectKey("Namespace.example.com", "default", "n"),
        ),
    ],
)
def test_an_owner_of_another_group_is_no_object_of_a_store(
    reference: OwnerReference, key: ObjectKey
) -> None:
    assert owner_key(reference, "default") == key


def test_owners_that_the_manifests_hold_are_given_their_uids() -> None:
    unborn = UidOf("Namespace", "", "n")
    uids: dict[ObjectKey, str | UidOf] = {
        ROBOT.key: "new",
        ObjectKey("Namespace", "", "n"): unborn,
    }
    stranger = replace(owner(ROBOT, "theirs"), api_version="example.com/v1")
    resource = owned(
        owner(ROBOT, "old"), owner(namespace("n")), owner(secret("b"), "own"), stranger
    )
    fields = with_owner_uids(resource, flatten(resource), uids)
    assert {path[2]: leaf["uid"] for path, leaf in fields.items() if path[:2] == GROUP} == {
        "ServiceAccount/robot/new": "new",
        "Namespace/n/*": unborn,
        "Secret/b/own": "own",
        "ServiceAccount.example.com/robot/theirs": "theirs",
    }


def test_an_owner_that_is_named_twice_keeps_the_uids_of_the_manifest() -> None:
    resource = owned(owner(ROBOT, "one"), owner(ROBOT, "two"), owner(ROBOT))
    fields = with_owner_uids(resource, flatten(resource), {ROBOT.key: "live"})
    uids = [leaf["uid"] for path, leaf in fields.items() if path[:2] == GROUP]
    assert uids == ["one", "two", "live"]


@pytest.mark.parametrize(
    ("name", "settled"),
    [
        ("ServiceAccount/robot/*", "ServiceAccount/robot/new"),
        ("ServiceAccount/robot/*/2", "ServiceAccount/robot/new/2"),
        ("Namespace/n/*", "Namespace/n/of n"),
        ("ServiceAccount/robot/known", "ServiceAccount/robot/known"),
        ("ServiceAccount/other/*", "ServiceAccount/other/*"),
    ],
)
def test_a_path_is_settled_once_the_owner_is_born(name: str, settled: str) -> None:
    uids = {ROBOT.key: "new", ObjectKey("Namespace", "", "n"): "of n"}
    assert settled_path((*GROUP, name), uids, "default") == (*GROUP, settled)
    assert settled_path(("metadata", "labels", name), uids, "default")[2] == name


@pytest.mark.parametrize("other", OTHERS, ids=["group", "uid", "group, version and flags"])
@pytest.mark.parametrize("is_first", [True, False])
def test_an_owner_that_others_added_is_kept(other: OwnerReference, *, is_first: bool) -> None:
    wanted = replace(owned(OURS), labels={"new": "x"})
    owners = (other, OURS) if is_first else (OURS, other)
    found = live(owned(*owners), owned(OURS))
    plan, values = planned([ROBOT, wanted], snapshot(live(ROBOT, ROBOT), found))
    (change,) = plan.pending
    assert [field.path for field in change.fields] == [("metadata", "labels", "new")]
    (kept,) = change.kept
    target = values.targets[change.key]
    assert target[kept] == owner_document(other)
    assert sum(path[:2] == GROUP for path in target) == 2

    sealed = replace(found, immutable=True)
    wanted = replace(wanted, data=wrapped({"k": "new"}))
    plan, _ = planned([ROBOT, wanted], snapshot(live(ROBOT, ROBOT), sealed), allow_replace=True)
    (change,) = plan.pending
    assert change.action is Action.REPLACE
    assert len(change.patch[0].value["metadata"]["ownerReferences"]) == 2


def test_a_manifest_with_both_keeps_both(tmp_path: Path) -> None:
    wanted = owned(OURS, *OTHERS)
    world = World(tmp_path)
    try:
        assert world.apply([wanted, ROBOT]).count(Outcome.APPLIED) == 2
        live = world.get(wanted)
        assert live is not None
        assert {*live.owners} == {*wanted.owners}
        assert world.plan([wanted, ROBOT])[0].pending == ()
        fewer = replace(wanted, owners=(OURS, *OTHERS[1:]))
        world.apply([fewer, ROBOT])
        live = world.get(wanted)
        assert live is not None
        assert {*live.owners} == {*fewer.owners}
    finally:
        world.close()


def test_the_record_of_an_owner_that_is_born_has_its_uid(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        before = secret("a")
        world.apply([before])
        wanted = [replace(before, owners=(owner(ROBOT),)), ROBOT]  # an update, and a create
        wanted.append(secret("b", owners=(owner(ROBOT),)))
        ended = world.apply(wanted)
        assert [(result.message, result.warnings) for result in ended.results] == [("", ())] * 3
        assert world.plan(wanted)[0].pending == ()
        robot = world.get(ROBOT)
        for one in (wanted[0], wanted[2]):
            live = world.get(one)
            assert robot is not None
            assert live is not None
            assert live.applied is not None
            assert (*GROUP, f"ServiceAccount/robot/{robot.uid}") in live.applied.fields
    finally:
        world.close()


def test_drift_knows_the_uids_of_owners() -> None:
    wanted = owned(owner(ROBOT))
    found = live(owned(OURS, OTHERS[0]), owned(OURS))
    report = drift([ROBOT, wanted], snapshot(live(ROBOT, ROBOT), found), SET)
    assert {item.state.value for item in report.objects} == {"in-sync"}
    assert {field.pending.value for item in report.objects for field in item.fields} == {"none"}


class TestRecordsOf010:
    """Records that name an owner by its kind and name alone."""

    def found(self, *owners: OwnerReference, record_of: Resource) -> Live:
        return live(owned(*owners), former_record(record_of))

    def test_what_was_applied_is_in_sync(self) -> None:
        found = snapshot(live(ROBOT, ROBOT), self.found(OURS, record_of=owned(OURS)))
        assert planned([ROBOT, owned(owner(ROBOT))], found)[0].pending == ()
        report = drift([ROBOT, owned(owner(ROBOT))], found, SET)
        assert {item.state.value for item in report.objects} == {"in-sync"}

    def test_what_has_left_the_manifest_goes(self) -> None:
        found = self.found(OURS, record_of=owned(OURS))
        (change,) = planned([secret("a")], snapshot(found))[0].pending
        assert [field.path[2] for field in change.fields] == [
            f"ServiceAccount/robot/{uid_of(ROBOT.key)}"
        ]
        assert change.kept == ()

    @pytest.mark.parametrize("other", [OTHERS[0], OTHERS[2]])
    def test_the_fingerprint_tells_which_of_two_was_applied(self, other: OwnerReference) -> None:
        found = self.found(other, OURS, record_of=owned(OURS))
        (change,) = planned([secret("a")], snapshot(found))[0].pending
        leaves: list[Any] = [field.before for field in change.fields]
        assert [leaf["uid"] for leaf in leaves] == [OURS.uid]
        assert [path[2].rpartition("/")[2] for path in change.kept] == [other.uid]

    def test_where_nothing_tells_both_are_kept(self) -> None:
        found = self.found(OTHERS[1], OURS, record_of=owned(OURS))
        (change,) = planned([secret("a")], snapshot(found))[0].changes
        assert (change.action, len(change.kept)) == (Action.NO_OP, 2)
        report = drift([ROBOT], snapshot(live(ROBOT, ROBOT), found), SET)
        assert [item.state.value for item in report.objects] == ["in-sync"] * 2

    def test_a_change_is_drift(self) -> None:
        changed = replace(OURS, controller=True)
        found = self.found(changed, record_of=owned(OURS))
        (change,) = planned([owned(OURS)], snapshot(found, live(ROBOT, None)))[0].pending
        assert [(field.path[3:], field.drift) for field in change.fields] == [
            (("controller",), True)
        ]

    def test_an_owner_that_was_made_anew_is_followed(self) -> None:
        found = self.found(replace(OURS, uid="old"), record_of=owned(OURS))
        plan, _ = planned([ROBOT, owned(owner(ROBOT))], snapshot(live(ROBOT, ROBOT), found))
        (change,) = plan.pending
        assert [operation.value for operation in change.patch] == [[owner_document(OURS)]]
        assert not any(field.drift for field in change.fields)

    def test_an_export_has_the_owner(self) -> None:
        found = self.found(OURS, record_of=owned(OURS))
        assert manifest_of(found, reveal=True)["metadata"]["ownerReferences"] == [
            owner_document(OURS)
        ]

    def test_a_record_of_today_is_left_as_it_is(self) -> None:
        found = live(owned(OURS, *OTHERS), owned(OURS, *OTHERS))
        assert understood_record(found, FINGERPRINTS) == record(owned(OURS, *OTHERS)).fields

    @pytest.mark.parametrize("others", [(), OTHERS[:1], OTHERS[1:2], OTHERS])
    def test_an_apply_ends_it(self, tmp_path: Path, others: tuple[OwnerReference, ...]) -> None:
        world = World(tmp_path)
        try:
            robot = world.put(ROBOT, record(ROBOT))
            ours = replace(OURS, uid=robot.uid)
            prints = world.fingerprinter
            world.put(owned(*others, ours), former_record(owned(ours), prints=prints))
            wanted = [ROBOT, replace(owned(owner(ROBOT)), labels={"new": "x"})]
            world.apply(wanted)
            live = world.get(wanted[1])
            assert live is not None
            assert {one.uid for one in live.owners} == {one.uid for one in (ours, *others)}
            assert world.plan(wanted)[0].pending == ()
            world.apply([ROBOT, secret("a")])
            live = world.get(wanted[1])
            assert live is not None
            assert {one.uid for one in live.owners} == {one.uid for one in others}
        finally:
            world.close()
