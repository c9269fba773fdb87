"""Create, update and delete, with what must still hold when they happen."""

from __future__ import annotations

import dataclasses

import pytest

from reconciler.errors import ObjectExists, ObjectInvalid, ObjectMoved, ObjectNotFound
from reconciler.execution.naming import named
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Capability, Session, Store
from reconciler.model.values import SecretValue
from tests.stores.words import Words


@pytest.mark.needs(Capability.METADATA, Capability.READ_VALUES, Capability.UPDATE_VALUES)
def test_an_update_changes_what_the_patch_says_and_the_record(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"keep": b"1", "change": b"2", "drop": b"3"}, labels={"a": "b"})
    live = session.create(wanted, words.mark(("data", "keep")))
    applied = words.mark(("data", "change"), ("data", "new"))

    updated = session.update(
        wanted.key,
        (
            Operation("replace", "/data/change", SecretValue(b"two")),
            Operation("remove", "/data/drop"),
            Operation("add", "/data/new", SecretValue(b"four")),
            Operation("add", "/metadata/annotations", {"note": SecretValue("grün".encode())}),
        ),
        applied,
        words.as_seen(live),
    )

    assert updated.uid == live.uid
    assert updated.resource_version != live.resource_version
    assert updated.data == {
        "keep": SecretValue(b"1"),
        "change": SecretValue(b"two"),
        "new": SecretValue(b"four"),
    }
    assert dict(updated.annotations) == {"note": "grün"}
    assert dict(updated.labels) == {"a": "b"}
    assert updated.applied == applied
    assert words.look(store, wanted.key).objects[wanted.key] == updated


def test_an_update_that_changes_nothing_keeps_the_version(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"a": b"1"})
    made = session.create(wanted, words.mark(("data", "a")))
    same = words.change(store, "1")
    live = session.update(wanted.key, same, words.mark(("data", "a")), words.as_seen(made))
    again = session.update(wanted.key, same, words.mark(("data", "a")), words.as_seen(live))
    assert again == live


def test_a_new_record_alone_is_kept(store: Store, session: Session, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, words.mark())
    session.update(wanted.key, (), words.mark(("data", "a")), words.as_seen(live))
    read = words.look(store, wanted.key).objects[wanted.key]
    assert read.applied == words.mark(("data", "a"))


def test_a_name_is_taken_once(store: Store, session: Session, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, words.mark())
    with pytest.raises(ObjectExists):
        session.create(words.secret("s", {"a": b"2"}), words.mark())
    assert words.look(store, wanted.key).objects[wanted.key] == live


@pytest.mark.parametrize("stale", ["uid", "resource_version"])
def test_an_object_that_moved_is_left_alone(
    store: Store, session: Session, words: Words, stale: str
) -> None:
    wanted = words.secret("s", {"a": b"1"})
    old = session.create(wanted, words.mark())
    if stale == "uid":
        session.delete(wanted.key, words.as_seen(old))
        live = session.create(wanted, words.mark())
        seen = Precondition(old.uid, live.resource_version)
    else:
        patch = words.change(store, "2")
        live = session.update(wanted.key, patch, words.mark(), words.as_seen(old))
        seen = words.as_seen(old)
    with pytest.raises(ObjectMoved):
        session.update(wanted.key, (Operation("remove", "/data"),), words.mark(), seen)
    with pytest.raises(ObjectMoved):
        session.delete(wanted.key, seen)
    with pytest.raises(ObjectMoved):
        session.delete(wanted.key, seen, keep_copy=True)
    snapshot = words.look(store, wanted.key)
    assert snapshot.objects[wanted.key] == live
    assert not snapshot.copies


def test_an_object_that_is_gone_is_not_found(store: Store, session: Session, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, words.mark())
    session.delete(wanted.key, words.as_seen(live))
    assert wanted.key not in words.look(store, wanted.key).objects
    with pytest.raises(ObjectNotFound):
        session.update(wanted.key, (), words.mark(), words.as_seen(live))
    with pytest.raises(ObjectNotFound):
        session.delete(wanted.key, words.as_seen(live))


def test_a_recreated_object_is_another_one(session: Session, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1"})
    first = session.create(wanted, words.mark())
    session.delete(wanted.key, words.as_seen(first))
    second = session.create(wanted, words.mark())
    assert second.uid != first.uid
    assert second.resource_version != first.resource_version


def test_generated_names_differ_and_keep_their_prefix(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("", {"a": b"1"}, generate_name="job-")
    lives = [
        named(wanted, lambda resource: session.create(resource, words.mark())) for _ in range(3)
    ]
    names = {live.name for live in lives}
    assert len(names) == 3
    assert all(name.startswith("job-") and len(name) == len("job-") + 5 for name in names)
    members = words.look(store).objects
    assert all(members[live.key] == live and live.generate_name == "job-" for live in lives)


def test_an_invalid_object_is_refused_with_every_fault(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"bad key": b"1"}, labels={"not a label": "x"})
    with pytest.raises(ObjectInvalid) as caught:
        session.create(wanted, words.mark())
    assert "bad key" in caught.value.message
    assert "not a label" in caught.value.message
    assert wanted.key not in words.look(store, wanted.key).objects


def test_an_update_to_something_invalid_is_refused(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, words.mark())
    patch = (Operation("add", "/data/bad key", SecretValue(b"2")),)
    with pytest.raises(ObjectInvalid):
        session.update(wanted.key, patch, words.mark(), words.as_seen(live))
    assert words.look(store, wanted.key).objects[wanted.key] == live


@pytest.mark.parametrize(
    "operation",
    [
        Operation("replace", "/data/a", SecretValue(b"2")),
        Operation("add", "/data/b", SecretValue(b"2")),
        Operation("remove", "/immutable"),
        Operation("replace", "/type", "example.com/other"),
    ],
)
def test_an_immutable_object_stays_as_it_is(
    store: Store, session: Session, words: Words, operation: Operation
) -> None:
    wanted = words.secret("s", {"a": b"1"}, immutable=True)
    live = session.create(wanted, words.mark())
    with pytest.raises(ObjectInvalid):
        session.update(wanted.key, (operation,), words.mark(), words.as_seen(live))
    assert words.look(store, wanted.key).objects[wanted.key] == live


@pytest.mark.needs(Capability.METADATA)
def test_labels_of_an_immutable_object_may_change(session: Session, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1"}, immutable=True)
    live = session.create(wanted, words.mark())
    patch = (Operation("add", "/metadata/labels", {"app": "shop"}),)
    updated = session.update(wanted.key, patch, words.mark(), words.as_seen(live))
    assert dict(updated.labels) == {"app": "shop"}


def test_the_type_of_a_mutable_object_stays(session: Session, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, words.mark())
    patch = (Operation("replace", "/type", "example.com/other"),)
    with pytest.raises(ObjectInvalid):
        session.update(wanted.key, patch, words.mark(), words.as_seen(live))


@pytest.mark.needs(Capability.SERVER_DRY_RUN)
def test_a_dry_run_says_the_same_and_does_nothing(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"a": b"1"})
    tried = words.trying(store).try_create(wanted, words.mark())
    assert tried.data == wanted.data
    assert wanted.key not in words.look(store, wanted.key).objects

    live = session.create(wanted, words.mark())
    patch = (Operation("replace", "/data/a", SecretValue(b"2")),)
    tried = words.trying(store).try_update(live, patch, words.mark())
    assert tried.data == {"a": SecretValue(b"2")}
    words.trying(store).try_delete(live)

    snapshot = words.look(store, wanted.key)
    assert snapshot.objects[wanted.key] == live
    assert not snapshot.copies


@pytest.mark.needs(Capability.SERVER_DRY_RUN)
def test_a_dry_run_refuses_what_the_real_one_would(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, words.mark())
    moved = dataclasses.replace(live, uid="another")
    trying = words.trying(store)
    with pytest.raises(ObjectExists):
        trying.try_create(wanted, words.mark())
    with pytest.raises(ObjectInvalid):
        trying.try_create(words.secret("t", {"bad key": b""}), words.mark())
    with pytest.raises(ObjectMoved):
        trying.try_update(moved, (), words.mark())
    with pytest.raises(ObjectMoved):
        trying.try_delete(moved)


@pytest.mark.needs(Capability.READ_VALUES, Capability.UPDATE_VALUES)
def test_an_update_of_data_alone(store: Store, session: Session, words: Words) -> None:
    wanted = words.secret("s", {"keep": b"1", "change": b"2", "drop": b"3"})
    live = session.create(wanted, words.mark(("data", "keep")))
    patch = (
        Operation("replace", "/data/change", SecretValue(b"two")),
        Operation("remove", "/data/drop"),
        Operation("add", "/data/new", SecretValue(b"\x00\xff")),
    )
    applied = words.mark(("data", "change"), ("data", "new"))
    updated = session.update(wanted.key, patch, applied, words.as_seen(live))
    assert updated.resource_version != live.resource_version
    assert updated.data == {
        "keep": SecretValue(b"1"),
        "change": SecretValue(b"two"),
        "new": SecretValue(b"\x00\xff"),
    }
    assert updated.applied == applied
    assert words.look(store, wanted.key).objects[wanted.key] == updated
