"""The lock of a set."""

from __future__ import annotations

import pytest

from reconciler.errors import StoreLocked
from reconciler.model.store import Store
from tests.stores.words import Subject, Words


def test_a_lock_keeps_others_out_and_names_its_holder(subject: Subject, store: Store) -> None:
    store.lock("shop", "anna@build-1", 600)
    with pytest.raises(StoreLocked) as caught:
        subject.open().lock("shop", "ben@build-2", 600)
    assert caught.value.holder == "anna@build-1"
    assert "anna@build-1" in caught.value.message
    assert "--lock-timeout" in caught.value.hint


def test_the_holder_can_extend_a_lock(subject: Subject, store: Store) -> None:
    store.lock("shop", "anna", 0)
    store.lock("shop", "anna", 600)
    store.lock("shop", "anna", 600)
    with pytest.raises(StoreLocked):
        subject.open().lock("shop", "ben", 600)


def test_a_lock_that_was_given_back_is_free(subject: Subject, store: Store) -> None:
    store.lock("shop", "anna", 600)
    store.unlock("shop", "anna")
    store.unlock("shop", "anna")
    subject.open().lock("shop", "ben", 600)
    with pytest.raises(StoreLocked):
        store.lock("shop", "anna", 600)


def test_a_lock_is_not_given_back_by_others(store: Store) -> None:
    store.lock("shop", "anna", 600)
    store.unlock("shop", "ben")
    with pytest.raises(StoreLocked):
        store.lock("shop", "ben", 600)


def test_an_expired_lock_is_free(subject: Subject, store: Store) -> None:
    store.lock("shop", "anna", 0)
    subject.open().lock("shop", "ben", 600)
    with pytest.raises(StoreLocked) as caught:
        store.lock("shop", "anna", 600)
    assert caught.value.holder == "ben"


def test_a_lock_that_is_about_to_expire_holds_still(subject: Subject, store: Store) -> None:
    store.lock("shop", "anna", 20)
    with pytest.raises(StoreLocked):
        subject.open().lock("shop", "ben", 600)


def test_sets_are_locked_apart(subject: Subject, store: Store) -> None:
    store.lock("shop", "anna", 600)
    subject.open().lock("warehouse", "ben", 600)
    with pytest.raises(StoreLocked):
        store.lock("warehouse", "anna", 600)


def test_a_lock_creates_the_store_and_its_fingerprint_key(subject: Subject, words: Words) -> None:
    store = subject.open()
    store.lock("shop", "anna", 600)
    snapshot = words.look(store, set_name="shop")
    assert snapshot.identity.id
    assert snapshot.fingerprint_key == store.fingerprint_key("shop")
