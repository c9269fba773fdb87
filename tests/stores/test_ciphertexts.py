"""The digests of ciphertexts stay with the record, whatever happens to the object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.objects import Applied
from reconciler.model.store import Capability, Session, Store
from tests.stores.words import Subject, Words

A = ("data", "a")
pytestmark = pytest.mark.needs(Capability.CIPHERTEXTS)


def mark(words: Words, digest: str) -> Applied:
    return replace(words.mark(A), ciphertexts={A: digest * 32})


def test_a_digest_is_read_as_it_was_written(store: Store, session: Session, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1", "b": b"2"})
    created = session.create(wanted, mark(words, "1"))
    assert created.applied == mark(words, "1")
    assert words.look(store, wanted.key).objects[wanted.key].applied == mark(words, "1")
    assert session.look(wanted.key) == created


def test_an_update_may_change_nothing_but_digests(
    store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, mark(words, "1"))
    answer = session.update(wanted.key, (), mark(words, "2"), words.as_seen(live))
    assert answer.applied == mark(words, "2")
    plain = session.update(wanted.key, (), words.mark(A), words.as_seen(answer))
    assert plain.applied == words.mark(A)
    assert words.look(store, wanted.key).objects[wanted.key].applied == words.mark(A)


def test_a_kept_copy_has_its_digests(
    subject: Subject, store: Store, session: Session, words: Words
) -> None:
    wanted = words.secret("s", {"a": b"1"})
    live = session.create(wanted, mark(words, "1"))
    session.delete(wanted.key, words.as_seen(live), keep_copy=True)
    copy = words.look(store, wanted.key).copies[wanted.key]
    assert copy.applied == mark(words, "1")
    subject.end(session)
