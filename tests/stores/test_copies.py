"""The copy that a replace keeps between its delete and its create."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ObjectInvalid
from reconciler.model.objects import Live
from reconciler.model.store import Session, Store
from tests.stores.words import Subject, Words


@pytest.fixture
def deleted(session: Session, words: Words) -> Live:
    wanted = words.secret("s", {"a": b"1"}, immutable=True, labels={"app": "shop"})
    live = session.create(wanted, words.mark(("data", "a")))
    session.delete(live.key, words.as_seen(live), keep_copy=True)
    return live


def as_was(copy: Live, live: Live) -> Live:
    """A store may write to what it keeps as a copy, and so give it another version."""
    return replace(copy, resource_version=live.resource_version)


def test_the_copy_is_the_whole_object(
    subject: Subject, store: Store, words: Words, deleted: Live
) -> None:
    for handle in (store, subject.open()):
        snapshot = words.look(handle, deleted.key)
        assert deleted.key not in snapshot.objects
        assert as_was(snapshot.copies[deleted.key], deleted) == deleted


def test_the_copy_of_a_member_is_shown_without_being_named(
    store: Store, words: Words, deleted: Live
) -> None:
    copies = words.look(store).copies
    assert copies.keys() == {deleted.key}
    assert as_was(copies[deleted.key], deleted) == deleted
    assert not words.look(store, set_name="other").copies


def test_a_create_drops_the_copy(
    store: Store, session: Session, words: Words, deleted: Live
) -> None:
    session.create(words.secret("s", {"a": b"2"}), words.mark())
    assert not words.look(store, deleted.key).copies


def test_a_refused_create_keeps_the_copy(
    store: Store, session: Session, words: Words, deleted: Live
) -> None:
    with pytest.raises(ObjectInvalid):
        session.create(words.secret("s", {"bad key": b"2"}), words.mark())
    (copy,) = words.look(store, deleted.key).copies.values()
    assert as_was(copy, deleted) == deleted


def test_the_copy_can_be_dropped(
    store: Store, session: Session, words: Words, deleted: Live
) -> None:
    session.delete(words.key("another"), None)
    assert words.look(store, deleted.key).copies
    session.delete(deleted.key, None)
    session.delete(deleted.key, None)
    assert not words.look(store, deleted.key).copies


def test_a_delete_without_it_keeps_no_copy(store: Store, session: Session, words: Words) -> None:
    live = session.create(words.secret("s", {"a": b"1"}), words.mark())
    session.delete(live.key, words.as_seen(live))
    assert not words.look(store, live.key).copies
