"""What a store remembers of objects that a set had applied and that are gone."""

from __future__ import annotations

import pytest

from reconciler.model.objects import Live
from reconciler.model.store import Capability, Session, Store
from tests.stores.words import Words

pytestmark = pytest.mark.needs(Capability.MEMORY)


@pytest.fixture
def live(session: Session, words: Words) -> Live:
    return session.create(words.secret("s", {"a": b"1"}), words.mark(("data", "a")))


def test_what_somebody_deletes_has_vanished_until_it_is_there_again(
    store: Store, session: Session, words: Words, live: Live
) -> None:
    assert words.look(store).vanished == frozenset()
    session.delete(live.key, words.as_seen(live))
    assert words.look(store).vanished == {live.key}
    assert words.look(store, set_name="other").vanished == frozenset()
    session.create(words.secret("s", {"a": b"2"}), words.mark())
    assert words.look(store).vanished == frozenset()


@pytest.mark.needs(Capability.SERVER_DRY_RUN)
def test_a_trial_makes_nothing_vanish(store: Store, words: Words, live: Live) -> None:
    words.trying(store).try_delete(live)
    assert words.look(store).vanished == frozenset()


def test_what_its_set_lets_go_of_has_not_vanished(
    store: Store, session: Session, words: Words, live: Live
) -> None:
    session.delete(live.key, words.as_seen(live), released=True)
    assert words.look(store).vanished == frozenset()


def test_what_vanished_is_forgotten_on_request(
    store: Store, session: Session, words: Words, live: Live
) -> None:
    session.delete(live.key, words.as_seen(live))
    session.delete(live.key, None)
    assert words.look(store).vanished == frozenset()


def test_a_copy_that_is_dropped_is_forgotten(
    store: Store, session: Session, words: Words, live: Live
) -> None:
    session.delete(live.key, words.as_seen(live), keep_copy=True)
    assert words.look(store).vanished == {live.key}
    session.delete(live.key, None)
    assert words.look(store).vanished == frozenset()
