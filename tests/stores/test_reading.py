"""What a store shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.objects import OwnerReference
from reconciler.model.patches import Operation
from reconciler.model.store import Capability, Scope, Session, Store
from reconciler.model.values import SecretValue
from tests.stores.words import Subject, Words


@pytest.mark.needs(Capability.METADATA)
def test_an_object_is_read_as_it_was_created(store: Store, session: Session, words: Words) -> None:
    wanted = words.secret(
        "full",
        {"password": b"\x00\xffbytes", "user": b"u"},
        labels={"app": "shop"},
        annotations={"note": "kept \u2013 as it is"},
        immutable=True,
    )
    applied = words.mark(("metadata", "labels", "app"))

    created = session.create(wanted, applied)
    live = words.look(store, wanted.key).objects[wanted.key]

    assert live == created
    assert live.data == words.shown(store, {"password": b"\x00\xffbytes", "user": b"u"})
    assert dict(live.labels) == {"app": "shop"}
    assert dict(live.annotations) == {"note": "kept \u2013 as it is"}
    assert live.immutable
    assert live.type == "Opaque"
    assert live.applied == applied
    assert live.uid
    assert live.resource_version


@pytest.mark.needs(Capability.NAMESPACES)
def test_owners_and_finalizers_are_kept(store: Store, session: Session, words: Words) -> None:
    account = session.create(words.account("owner"), words.mark())
    owner = OwnerReference("v1", account.kind, account.name, account.uid, controller=True)
    wanted = words.secret("owned", owners=(owner,), finalizers=("example.com/hold",))
    live = session.create(wanted, words.mark())
    read = words.look(store, wanted.key).objects[wanted.key]
    assert read.owners == (owner,)
    assert read.finalizers == ("example.com/hold",)
    released = session.update(
        wanted.key,
        (Operation("remove", "/metadata/finalizers"),),
        words.mark(),
        words.as_seen(live),
    )
    assert released.finalizers == ()


def test_members_of_the_set_are_read_without_being_named(
    store: Store, session: Session, words: Words
) -> None:
    mine = session.create(words.secret("mine", {"a": b"1"}), words.mark())
    snapshot = words.look(store)
    assert snapshot.objects[mine.key].data == words.shown(store, {"a": b"1"})


@pytest.mark.needs(Capability.NAMESPACES)
def test_objects_of_others_are_bystanders_without_values(
    store: Store, session: Session, words: Words
) -> None:
    account = session.create(words.account("owner"), words.mark())
    owner = OwnerReference("v1", account.kind, account.name, account.uid)
    theirs = words.secret("theirs", {"a": b"1"}, owners=(owner,))
    live = session.create(theirs, words.mark(set_name="other"))

    snapshot = words.look(store)

    assert theirs.key not in snapshot.objects
    bystander = snapshot.bystanders[theirs.key]
    assert bystander.uid == live.uid
    assert bystander.owner_uids == (account.uid,)
    assert theirs.key not in words.look(store, theirs.key).bystanders


def test_an_object_of_another_set_is_read_when_it_is_named(
    store: Store, session: Session, words: Words
) -> None:
    theirs = words.secret("theirs", {"a": b"1"})
    session.create(theirs, words.mark(set_name="other"))
    live = words.look(store, theirs.key).objects[theirs.key]
    assert live.applied is not None
    assert live.applied.set_name == "other"
    assert live.data == words.shown(store, {"a": b"1"})


@pytest.mark.needs(Capability.READ_VALUES)
def test_an_empty_value_is_one(store: Store, session: Session, words: Words) -> None:
    live = session.create(words.secret("s", {"empty": b""}), words.mark())
    assert words.look(store, live.key).objects[live.key].data == {"empty": SecretValue(b"")}


def test_an_object_that_is_not_there_is_not_shown(store: Store, words: Words) -> None:
    missing = words.key("missing")
    snapshot = words.look(store, missing)
    assert missing not in snapshot.objects
    assert missing not in snapshot.bystanders


def test_identity_and_fingerprint_key_stay_for_whoever_opens_the_store(
    subject: Subject, store: Store, session: Session, words: Words
) -> None:
    first = words.look(store)
    second_store = subject.open()
    second = words.look(second_store)
    assert first.identity.id
    assert second.identity == first.identity
    assert second.fingerprint_key == first.fingerprint_key == session.fingerprint_key
    assert len(session.fingerprint_key) >= 16
    assert second.capabilities == store.capabilities


def test_another_handle_sees_what_one_wrote(
    subject: Subject, session: Session, words: Words
) -> None:
    wanted = words.secret("shared", {"a": b"1"})
    live = session.create(wanted, words.mark())
    assert words.look(subject.open(), wanted.key).objects[wanted.key] == live


@pytest.mark.needs(Capability.READ_VALUES)
def test_data_type_and_immutability_are_read_as_they_were_created(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"password": b"\x00\xffbytes", "user": b"u"}, immutable=True)
    applied = words.mark(("data", "password"), ("type",))
    created = session.create(wanted, applied)
    live = words.look(store, wanted.key).objects[wanted.key]
    assert live == created
    assert dict(live.data) == dict(wanted.data)
    assert (live.type, live.immutable, live.applied) == ("Opaque", True, applied)
    assert live.uid
    assert live.resource_version


def test_what_was_seen_is_read_anew_where_it_has_moved(
    store: Store, session: Session, words: Words
) -> None:
    """Created, changed, deleted, made again, let go, and left alone: the second read has it."""
    names = ("stays", "changes", "goes", "returns", "leaves", "named")
    lives = [session.create(words.secret(name, {"a": b"1"}), words.mark()) for name in names]
    stays, changes, goes, returns, leaves, named = lives
    scope = Scope("default", frozenset([named.key, goes.key]))
    seen = store.read(scope)
    assert seen.objects.keys() == {live.key for live in lives}
    session.update(changes.key, words.change(store, "2"), words.mark(), words.as_seen(changes))
    for live in (goes, returns):
        session.delete(live.key, words.as_seen(live))
    session.create(words.secret("returns", {"a": b"2"}), words.mark())
    for live in (leaves, named):
        session.update(live.key, (), None, words.as_seen(live))
    new = session.create(words.secret("new", {"a": b"1"}), words.mark())

    again = store.read(replace(scope, seen=seen.objects))

    assert again.objects == store.read(scope).objects
    keys = {live.key for live in (stays, changes, returns, named, new)}
    assert again.objects.keys() == keys
    assert again.objects[stays.key] == stays
