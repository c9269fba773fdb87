"""The lock of a set."""

from __future__ import annotations

import re
import threading

import pytest

from reconciler import workflow
from reconciler.errors import LockLost, ObjectMoved, StoreLocked
from reconciler.execution.lock import LockPolicy
from reconciler.model.plan_options import PlanOptions
from reconciler.model.store import Store
from tests.stores.words import Subject, Words
from tests.world import secret


def test_a_lock_keeps_others_out_and_names_its_holder(subject: Subject) -> None:
    subject.session(None, "shop", "anna@build-1")
    with pytest.raises(StoreLocked) as caught:
        subject.session(None, "shop", "ben@build-2")
    assert caught.value.holder == "anna@build-1"
    assert "anna@build-1" in caught.value.message
    assert re.search(r"expires at \d{4}-\d\d-\d\d [0-9:]+ UTC", caught.value.message)
    assert "--lock-timeout" in caught.value.hint
    assert "reconciler unlock --set shop --force" in caught.value.hint


def test_the_holder_can_extend_a_lock(subject: Subject, store: Store) -> None:
    subject.session(store, "shop", "anna", 0)
    subject.session(store, "shop", "anna")
    subject.session(store, "shop", "anna")
    with pytest.raises(StoreLocked):
        subject.session(None, "shop", "ben")


def test_a_lock_that_was_given_back_is_free(subject: Subject, store: Store) -> None:
    session = subject.session(store, "shop", "anna")
    subject.end(session)
    subject.session(None, "shop", "ben")
    with pytest.raises(StoreLocked):
        subject.session(store, "shop", "anna")


def test_a_lock_is_given_back_where_the_work_fails(subject: Subject, store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.session("shop", "anna", 600):
        raise ZeroDivisionError
    subject.session(None, "shop", "ben")


def test_a_lock_that_others_have_taken_is_not_given_back(subject: Subject, store: Store) -> None:
    expired = subject.session(store, "shop", "ben", 0)
    subject.session(None, "shop", "anna")
    subject.end(expired)
    with pytest.raises(StoreLocked):
        subject.session(store, "shop", "ben")


def test_an_expired_lock_is_free(subject: Subject, store: Store) -> None:
    subject.session(store, "shop", "anna", 0)
    subject.session(None, "shop", "ben")
    with pytest.raises(StoreLocked) as caught:
        subject.session(store, "shop", "anna")
    assert caught.value.holder == "ben"


def test_a_lock_that_is_about_to_expire_holds_still(subject: Subject, store: Store) -> None:
    subject.session(store, "shop", "anna", 20)
    with pytest.raises(StoreLocked):
        subject.session(None, "shop", "ben")


def test_sets_are_locked_apart(subject: Subject, store: Store) -> None:
    subject.session(store, "shop", "anna")
    subject.session(None, "warehouse", "ben")
    with pytest.raises(StoreLocked):
        subject.session(store, "warehouse", "anna")


def test_a_session_creates_the_store_and_its_fingerprint_key(
    subject: Subject, words: Words
) -> None:
    store = subject.open()
    session = subject.session(store, "shop", "anna")
    snapshot = words.look(store, set_name="shop")
    assert snapshot.identity.id
    assert snapshot.fingerprint_key == session.fingerprint_key


def test_a_lock_is_read_as_it_was_taken(subject: Subject, store: Store) -> None:
    assert store.read_lock("shop") is None
    subject.session(store, "shop", "anna@build-1")
    lock = subject.open().read_lock("shop")
    assert lock is not None
    assert (lock.set_name, lock.holder) == ("shop", "anna@build-1")
    assert lock.is_held
    assert lock.since == pytest.approx(lock.read_at, abs=60)
    assert lock.until == pytest.approx(lock.read_at + 600, abs=60)


def test_a_lock_keeps_its_id_while_it_is_extended_and_no_longer(
    subject: Subject, store: Store
) -> None:
    ids = []
    for _ in range(2):
        session = subject.session(store, "shop", "anna")
        ids.append(_id(store))
        session.renew(900)
        assert _id(store) == ids[-1]
        subject.end(session)
    subject.session(store, "shop", "ben")
    ids.append(_id(subject.open()))
    assert len(set(ids)) == 3
    assert store.read_lock("warehouse") is None


def test_an_expired_lock_is_read_as_such(subject: Subject, store: Store) -> None:
    subject.session(store, "shop", "anna", -5)
    lock = store.read_lock("shop")
    assert lock is not None
    assert not lock.is_held


def test_a_renewal_extends_and_never_takes(subject: Subject, store: Store) -> None:
    session = subject.session(store, "shop", "anna", 20)
    session.renew(900)
    lock = store.read_lock("shop")
    assert lock is not None
    assert lock.until == pytest.approx(lock.read_at + 900, abs=60)
    subject.end(session)
    with pytest.raises(LockLost):
        session.renew(600)
    assert store.read_lock("shop") is None
    subject.session(None, "shop", "ben")
    with pytest.raises(LockLost, match="ben"):
        session.renew(600)


def test_a_broken_lock_is_free_and_its_holder_notices(subject: Subject, store: Store) -> None:
    session = subject.session(store, "shop", "anna")
    another = subject.open()
    lock = another.read_lock("shop")
    assert lock is not None
    another.break_lock(lock)
    another.break_lock(lock)
    assert another.read_lock("shop") is None
    with pytest.raises(LockLost):
        session.renew(600)
    subject.session(another, "shop", "ben")
    with pytest.raises(LockLost, match="ben"):
        session.renew(600)
    subject.end(session)
    assert another.read_lock("shop") is not None


def test_only_the_lock_that_was_read_is_broken(subject: Subject, store: Store) -> None:
    session = subject.session(store, "shop", "anna")
    lock = store.read_lock("shop")
    assert lock is not None
    session.renew(700)
    subject.end(session)
    subject.session(None, "shop", "ben")
    with pytest.raises(ObjectMoved, match="ben"):
        store.break_lock(lock)
    with pytest.raises(StoreLocked, match="ben"):
        subject.session(store, "shop", "anna")


def test_a_lock_that_was_extended_since_it_was_read_can_be_broken(
    subject: Subject, store: Store
) -> None:
    session = subject.session(store, "shop", "anna")
    lock = store.read_lock("shop")
    assert lock is not None
    session.renew(700)
    store.break_lock(lock)
    assert store.read_lock("shop") is None


def test_an_expired_lock_that_was_extended_since_it_was_read_is_left_alone(
    subject: Subject, store: Store
) -> None:
    session = subject.session(store, "shop", "anna", -5)
    lock = subject.open().read_lock("shop")
    assert lock is not None
    try:
        session.renew(600)
    except LockLost:  # some stores never extend an expired lock
        subject.session(store, "shop", "anna")
    with pytest.raises(ObjectMoved, match="anna"):
        store.break_lock(lock)
    assert store.read_lock("shop") is not None


def test_a_store_that_does_not_exist_has_no_lock(subject: Subject) -> None:
    assert subject.open().read_lock("shop") is None


def test_an_apply_whose_lock_is_broken_stops(subject: Subject, store: Store, words: Words) -> None:
    wanted = [secret(f"s{number}", {"a": "1"}, home=words.home) for number in range(5)]
    options = PlanOptions(set_name="shop")
    planned = workflow.plan(wanted, workflow.read(wanted, store, options), options)
    stop = threading.Event()

    def emit(_event: object) -> None:
        another = subject.open()
        held = another.read_lock("shop")
        if held is not None:
            another.break_lock(held)
            assert stop.wait(60)

    with pytest.raises(LockLost, match="broken"):
        workflow.apply(
            planned,
            store,
            parallelism=1,
            stop=stop,
            emit=emit,
            locking=LockPolicy(renewals=300),
        )
    assert subject.open().read_lock("shop") is None
    assert len(workflow.read(wanted, store, options).objects) < len(wanted)


def _id(store: Store) -> str:
    lock = store.read_lock("shop")
    assert lock is not None
    return lock.id
