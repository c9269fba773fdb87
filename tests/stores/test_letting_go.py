"""Objects that a set lets go of, and objects that move from one set to another."""

from __future__ import annotations

import pytest

from reconciler.errors import ObjectMoved
from reconciler.model.objects import Applied, Desired, Live, Source
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store
from tests.stores.words import Subject, Words

OTHER = "other"


def wanted(words: Words) -> Desired:
    secret = words.secret("s", {"a": b"1"})
    return Desired(key=secret.key, type=secret.type, data=secret.data, source=Source("x", 1, 1))


def seen_by(reader: Store | Session, set_name: str, *desired: Desired) -> Snapshot:
    """What a plan of that set sees, with `desired` as its manifests."""
    keys = frozenset(resource.key for resource in desired)
    return reader.read(Scope(set_name, keys, surroundings=True, desired=desired))


@pytest.fixture
def owned(session: Session, words: Words) -> Live:
    return session.create(wanted(words), words.mark(("data", "a"), ("type",)))


@pytest.fixture
def taker(subject: Subject, store: Store, words: Words, owned: Live) -> Session:
    """A session of another set, which has read what it is to take."""
    taker = subject.session(store, OTHER)
    live = seen_by(taker, OTHER, wanted(words)).objects[owned.key]
    assert live.applied is not None
    assert live.applied.set_name == "default"
    return taker


def assert_gone_from_default(store: Store, words: Words) -> None:
    snapshot = seen_by(store, "default")
    assert words.key("s") not in snapshot.objects
    assert not snapshot.copies
    assert snapshot.vanished in (None, frozenset())


def owner_of(live: Live) -> str | None:
    return None if live.applied is None else live.applied.set_name


def test_what_a_set_lets_go_is_nobodys_and_otherwise_as_it_was(
    store: Store, session: Session, words: Words, owned: Live
) -> None:
    released = session.update(owned.key, (), None, words.as_seen(owned))
    assert released.applied is None
    for set_name in ("default", OTHER):
        live = seen_by(store, set_name, wanted(words)).objects[owned.key]
        assert live.applied is None
        assert (live.type, live.data.keys()) == (owned.type, owned.data.keys())
        if Capability.READ_VALUES in store.capabilities:
            assert live.data == owned.data
    assert_gone_from_default(store, words)


@pytest.mark.needs(Capability.METADATA, Capability.READ_VALUES)
def test_a_release_takes_nothing_but_the_mark(session: Session, words: Words) -> None:
    resource = words.secret(
        "s", {"a": b"1"}, immutable=True, labels={"app": "shop"}, annotations={"note": "x"}
    )
    live = session.create(resource, words.mark(("data", "a")))
    released = session.update(resource.key, (), None, words.as_seen(live))
    assert released.uid == live.uid
    assert (released.labels, released.annotations) == (live.labels, live.annotations)
    assert (released.data, released.immutable) == (live.data, live.immutable)
    bare = session.create(words.secret("bare", {"a": b"1"}), words.mark(("data", "a")))
    released = session.update(bare.key, (), None, words.as_seen(bare))
    assert (dict(released.labels), dict(released.annotations)) == ({}, {})


def test_what_moved_is_not_released(
    store: Store, session: Session, words: Words, owned: Live
) -> None:
    patch = words.change(store, "2")
    session.update(owned.key, patch, words.mark(("data", "a")), words.as_seen(owned))
    with pytest.raises(ObjectMoved):
        session.update(owned.key, (), None, words.as_seen(owned))
    assert owner_of(seen_by(store, "default").objects[owned.key]) == "default"


def test_what_was_released_can_be_taken_again(
    store: Store, session: Session, words: Words, owned: Live
) -> None:
    if Capability.UPDATE_VALUES not in store.capabilities:
        pytest.skip("what nobody can read is only replaced")
    session.update(owned.key, (), None, words.as_seen(owned))
    live = seen_by(session, "default", wanted(words)).objects[owned.key]
    mark = words.mark(("data", "a"))
    session.update(owned.key, (), mark, words.as_seen(live))
    assert seen_by(store, "default").objects[owned.key].applied == mark


def test_an_object_moves_to_another_set(
    store: Store, words: Words, owned: Live, taker: Session
) -> None:
    mark = words.mark(("data", "a"), set_name=OTHER)
    moved = taker.update(owned.key, (), mark, words.as_seen(owned))
    assert moved.applied == mark
    assert seen_by(store, OTHER).objects[owned.key].applied == mark
    assert_gone_from_default(store, words)
    assert owner_of(seen_by(store, "default", wanted(words)).objects[owned.key]) == OTHER


def test_the_copy_of_another_sets_object_is_the_takers(
    store: Store, words: Words, owned: Live, taker: Session
) -> None:
    taker.delete(owned.key, words.as_seen(owned), keep_copy=True)
    assert_gone_from_default(store, words)
    copy = seen_by(store, OTHER).copies[owned.key]
    assert copy.applied == words.mark(("data", "a"), ("type",), set_name=OTHER)
    assert copy.data.keys() == owned.data.keys()

    mark = words.mark(("data", "a"), set_name=OTHER)
    taker.create(wanted(words), mark)
    snapshot = seen_by(store, OTHER)
    assert snapshot.objects[owned.key].applied == mark
    assert not snapshot.copies
    assert_gone_from_default(store, words)


def test_an_object_of_another_set_can_be_put_back(
    store: Store, words: Words, owned: Live, taker: Session
) -> None:
    taker.delete(owned.key, words.as_seen(owned), keep_copy=True)
    applied = Applied(set_name="default", fields=owned.applied.fields if owned.applied else {})
    taker.create(owned, applied)
    snapshot = seen_by(store, "default")
    assert snapshot.objects[owned.key].applied == applied
    assert not snapshot.copies
    assert not seen_by(store, OTHER, wanted(words)).copies
