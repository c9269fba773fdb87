"""What became of what was applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.drift import DriftReport, FieldState, ObjectState, Pending
from reconciler.model.fields import flatten, leaf_text
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, Bystander, Desired, Live, ObjectKey, Source
from reconciler.model.plans import FieldPath, StoreIdentity
from reconciler.model.store import Capability, Snapshot
from reconciler.planning.drift import drift
from tests.world import secret

KEY = b"a key of thirty-two bytes, or so"
PRINTS = Fingerprinter(KEY)
PASSWORD = ("data", "password")


def desired(name: str, data: dict[str, str], **fields: Any) -> Desired:
    return secret(name, data, home="shop", source=Source("a.yaml", 1, 1), **fields)


def live(
    name: str,
    data: dict[str, str],
    applied: dict[str, str] | None,
    set_name: str = "s",
    **fields: Any,
) -> Live:
    """A live object, and what was applied of it."""
    record = None
    if applied is not None:
        was = desired(name, applied, **fields)
        record = Applied(
            set_name=set_name,
            fields={
                path: PRINTS.of("shop", path, leaf_text(leaf))
                for path, leaf in flatten(was).items()
            },
        )
    held = desired(name, data, **fields)
    return Live.of(held, uid="u", resource_version="1", applied=record)


def check(
    manifests: Sequence[Desired], lives: Sequence[Live], *, unmanaged: bool = False, **snapshot: Any
) -> DriftReport:
    found = Snapshot(
        identity=StoreIdentity("test", "1"),
        capabilities=frozenset(Capability),
        objects={live.key: live for live in lives},
        **{"fingerprint_key": KEY, "vanished": frozenset(), **snapshot},
    )
    return drift(manifests, found, "s", unmanaged=unmanaged)


def states(report: DriftReport) -> dict[tuple[str, ...], tuple[FieldState, Pending]]:
    (one,) = report.objects
    return {field.path: (field.state, field.pending) for field in one.fields}


def test_a_namespace_that_no_server_deletes_is_no_orphan() -> None:
    lives = [
        Live(
            key=ObjectKey("Namespace", "", name),
            uid=name,
            resource_version="1",
            applied=Applied(set_name="s"),
        )
        for name in ("kube-public", "mine")
    ]
    report = check([], lives)
    assert {item.key.name: item.orphaned for item in report.objects} == {
        "kube-public": False,
        "mine": True,
    }


def test_in_sync() -> None:
    report = check(
        [desired("a", {"password": "1"})], [live("a", {"password": "1"}, {"password": "1"})]
    )
    assert [item.state for item in report.objects] == [ObjectState.IN_SYNC]
    assert not report.drifted
    assert not report.objects[0].pending


@pytest.mark.parametrize(
    ("manifest", "now", "applied", "expected"),
    [
        ("1", "1", "1", (FieldState.IN_SYNC, Pending.NONE)),
        ("1", "2", "1", (FieldState.CHANGED, Pending.NONE)),
        ("2", "1", "1", (FieldState.IN_SYNC, Pending.SET)),
        ("2", "2", "1", (FieldState.CHANGED, Pending.SET)),
        ("1", None, "1", (FieldState.REMOVED, Pending.NONE)),
        (None, "1", "1", (FieldState.IN_SYNC, Pending.REMOVE)),
        (None, "2", "1", (FieldState.CHANGED, Pending.REMOVE)),
        (None, "1", None, (FieldState.ADDED, Pending.NONE)),
        ("1", "1", None, (FieldState.ADDED, Pending.SET)),
        ("1", None, None, (FieldState.IN_SYNC, Pending.SET)),
    ],
)
def test_drift_of_a_key_is_told_apart_from_pending_changes(
    manifest: str | None,
    now: str | None,
    applied: str | None,
    expected: tuple[FieldState, Pending],
) -> None:
    def data(value: str | None) -> dict[str, str]:
        return {"other": "x"} | ({} if value is None else {"password": value})

    report = check([desired("a", data(manifest))], [live("a", data(now), data(applied))])
    assert states(report)[PASSWORD] == expected
    assert report.drifted == (expected[0] is not FieldState.IN_SYNC)
    assert report.objects[0].pending == (expected[1] is not Pending.NONE)


def test_who_wrote_a_field_last_is_told_where_it_differs() -> None:
    applied = {"same": "s", "mine": "m", "gone": "g"}
    written: dict[FieldPath, str] = {
        ("data", name): f"by-{name}" for name in ("same", "mine", "gone", "more")
    }
    found = live("a", {"same": "s", "mine": "theirs", "more": "x"}, applied)
    report = check([desired("a", applied)], [replace(found, managers=written)])
    (one,) = report.objects
    assert {field.path[-1]: field.manager for field in one.fields} == {
        "same": "",
        "mine": "by-mine",
        "gone": "",
        "more": "by-more",
        "type": "",
    }


def test_metadata_drifts_too_but_metadata_of_others_does_not() -> None:
    applied = live("a", {}, {}, labels={"team": "x"})
    touched = live("a", {}, {}, labels={"team": "y", "theirs": "z"})
    report = check(
        [desired("a", {}, labels={"team": "x"})],
        [Live(**{**_fields(touched), "applied": applied.applied})],
    )
    found = states(report)
    assert found["metadata", "labels", "team"] == (FieldState.CHANGED, Pending.NONE)
    assert ("metadata", "labels", "theirs") not in found


def _fields(live: Live) -> dict[str, Any]:
    return {name: getattr(live, name) for name in Live.__dataclass_fields__}


@pytest.mark.parametrize(
    ("snapshot", "state"),
    [
        ({}, ObjectState.PENDING),
        ({"vanished": frozenset({ObjectKey("Secret", "shop", "a")})}, ObjectState.VANISHED),
        ({"vanished": None}, ObjectState.MISSING),
        ({"copies": {ObjectKey("Secret", "shop", "a"): live("a", {}, {})}}, ObjectState.VANISHED),
    ],
    ids=["never-applied", "remembered", "no-memory", "interrupted-replace"],
)
def test_what_is_not_there(snapshot: dict[str, Any], state: ObjectState) -> None:
    report = check([desired("a", {"password": "1"})], [], **snapshot)
    assert [item.state for item in report.objects] == [state]
    assert report.drifted == (state is not ObjectState.PENDING)


@pytest.mark.parametrize("owner", [None, "another"])
def test_without_a_record_of_this_set_nothing_is_known(owner: str | None) -> None:
    there = live("a", {"password": "1"}, None if owner is None else {"password": "1"}, owner or "")
    report = check([desired("a", {"password": "1"})], [there])
    assert [item.state for item in report.objects] == [ObjectState.UNKNOWABLE]
    assert states(report)[PASSWORD][0] is FieldState.UNKNOWABLE
    assert report.drifted


def test_what_no_manifest_names_any_more_is_orphaned_and_still_checked() -> None:
    report = check([], [live("a", {"password": "2"}, {"password": "1"})])
    (one,) = report.objects
    assert one.orphaned
    assert one.pending
    assert one.state is ObjectState.DRIFTED


def test_ignored_keys_and_create_only_never_drift() -> None:
    for steering in ({"reconciler/ignore-keys": "pass*"}, {"reconciler/create-only": "true"}):
        there = live("a", {"password": "2"}, {"password": "1"}, annotations=steering)
        manifest = desired("a", {"password": "1"}, annotations=steering)
        assert not check([manifest], [there]).drifted


def test_a_record_of_another_key_tells_nothing_but_which_fields_there_were() -> None:
    one = live("a", {"password": "1", "more": "1"}, {"password": "1", "gone": "1"})
    report = check([desired("a", {"password": "2", "new": "1"})], [one], fingerprint_key=b"other")
    assert states(report) == {
        PASSWORD: (FieldState.UNKNOWABLE, Pending.NONE),
        ("data", "gone"): (FieldState.REMOVED, Pending.REMOVE),
        ("data", "more"): (FieldState.ADDED, Pending.NONE),
        ("data", "new"): (FieldState.IN_SYNC, Pending.SET),
        ("type",): (FieldState.UNKNOWABLE, Pending.NONE),
    }
    assert [note.code for note in report.notices] == ["fingerprint-key-differs"]


def test_unmanaged_secrets_in_the_sets_namespaces() -> None:
    stray = Bystander(ObjectKey("Secret", "shop", "stray"), "1")
    theirs = Bystander(ObjectKey("Secret", "shop", "theirs"), "2", set_name="another")
    far = Bystander(ObjectKey("Secret", "elsewhere", "far"), "3")
    account = Bystander(ObjectKey("ServiceAccount", "shop", "default"), "4")
    bystanders = {one.key: one for one in (stray, theirs, far, account)}
    lives = [live("a", {}, {})]
    found = check([desired("a", {})], lives, unmanaged=True, bystanders=bystanders)
    assert {resource.key: resource.state for resource in found.objects} == {
        ObjectKey("Secret", "shop", "a"): ObjectState.IN_SYNC,
        stray.key: ObjectState.UNMANAGED,
    }
    assert not found.drifted
    assert len(check([desired("a", {})], lives, bystanders=bystanders).objects) == 1


def test_the_same_drift_gives_the_same_report_whatever_the_order() -> None:
    manifests = [desired(name, {"password": "1", "b": "2"}) for name in "cab"]
    lives = [live(name, {"b": "2"}, {"password": "1", "b": "2"}) for name in "abc"]
    assert check(manifests, lives) == check(manifests[::-1], lives[::-1])


def test_what_a_controller_fills_into_a_token_is_no_drift() -> None:
    token = {"type": "kubernetes.io/service-account-token"}
    filled = {"token": "t", "ca.crt": "c", "namespace": "shop"}
    own = check([desired("s", {}, **token)], [live("s", filled, {}, **token)])
    assert not own.drifted
    more = check([desired("s", {}, **token)], [live("s", {**filled, "extra": "x"}, {}, **token)])
    assert [one.path for one in more.objects[0].fields if one.state is FieldState.ADDED] == [
        ("data", "extra")
    ]
