"""What the embedded store does of itself, as a cluster and its controllers do."""

from __future__ import annotations

import re
import uuid
from functools import partial
from typing import Any

import pytest

from reconciler.errors import ObjectExists, ObjectInvalid
from reconciler.model.objects import (
    NAMESPACE,
    SECRET,
    SERVICE_ACCOUNT,
    Live,
    ObjectKey,
    OwnerReference,
    Resource,
)
from reconciler.model.plans import Precondition
from reconciler.model.store import Session
from reconciler.model.values import SecretValue
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words

TOKEN = "kubernetes.io/service-account-token"
FRESH = ("default", "kube-node-lease", "kube-public", "kube-system")


def owner(live: Live) -> OwnerReference:
    return OwnerReference("v1", live.kind, live.name, live.uid)


def drop(session: Session, words: Words, live: Live) -> None:
    now = words.look(session, live.key).objects[live.key]
    session.delete(live.key, words.as_seen(now))


def test_a_fresh_store_holds_what_a_fresh_cluster_holds(store: EmbeddedStore, words: Words) -> None:
    keys = [ObjectKey(NAMESPACE, "", name) for name in FRESH]
    keys += [ObjectKey(SERVICE_ACCOUNT, name, "default") for name in FRESH]
    snapshot = words.look(store, *keys)
    assert set(snapshot.objects) == set(keys)
    assert not snapshot.bystanders
    assert all(live.applied is None for live in snapshot.objects.values())


def test_the_store_fills_in_what_a_server_fills_in(session: Session, words: Words) -> None:
    first = session.create(words.secret("a"), words.mark())
    second = session.create(words.secret("b"), words.mark())
    assert str(uuid.UUID(first.uid)) == first.uid
    assert uuid.UUID(first.uid).version == 4
    assert int(second.resource_version) > int(first.resource_version)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.created)


def test_a_delete_moves_the_resource_version_on(session: Session, words: Words) -> None:
    first = session.create(words.secret("a"), words.mark())
    drop(session, words, first)
    again = session.create(words.secret("a"), words.mark())
    assert int(again.resource_version) > int(first.resource_version) + 1


@pytest.mark.parametrize(
    "key", [("Namespace", "", "default"), ("ServiceAccount", "shop", "default")]
)
def test_a_create_takes_over_what_nobody_asked_for_once(
    store: EmbeddedStore, session: Session, words: Words, key: tuple[str, str, str]
) -> None:
    session.create(words.namespace("shop"), words.mark())
    wanted = Resource(key=ObjectKey(*key), labels={"team": "a"})
    before = words.look(store, wanted.key).objects[wanted.key]
    assert before.applied is None

    live = session.create(wanted, words.mark())

    assert live.uid == before.uid
    assert live.resource_version != before.resource_version
    assert words.look(store).objects[wanted.key] == live
    assert dict(live.labels) == {"team": "a"}
    with pytest.raises(ObjectExists):
        session.create(wanted, words.mark())


def test_a_namespace_takes_its_content_with_it(
    store: EmbeddedStore, session: Session, words: Words
) -> None:
    session.create(words.secret("outside"), words.mark())
    namespace = session.create(words.namespace("shop"), words.mark())
    for name in ("a", "b"):
        inside = Resource(key=ObjectKey(SECRET, "shop", name), type="Opaque")
        session.create(inside, words.mark(set_name="other"))
    assert len(words.look(store).bystanders) == 8 + 3
    drop(session, words, namespace)
    snapshot = words.look(store)
    assert set(snapshot.objects) == {words.key("outside")}
    assert len(snapshot.bystanders) == 8


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_a_namespace_of_the_cluster_itself_stays(
    store: EmbeddedStore, session: Session, words: Words, name: str
) -> None:
    key = ObjectKey(NAMESPACE, "", name)
    live = words.look(store, key).objects[key]
    with pytest.raises(ObjectInvalid, match="may not be deleted"):
        session.delete(key, words.as_seen(live))
    assert words.look(store, key).objects[key] == live


def test_dependents_fall_with_their_last_owner(
    store: EmbeddedStore, session: Session, words: Words
) -> None:
    first = session.create(words.secret("first"), words.mark())
    second = session.create(words.secret("second"), words.mark())
    one = session.create(words.secret("one", owners=(owner(first),)), words.mark())
    both = session.create(words.secret("both", owners=(owner(first), owner(second))), words.mark())
    below = session.create(words.secret("below", owners=(owner(one),)), words.mark())

    drop(session, words, first)

    objects = words.look(store).objects
    assert set(objects) == {second.key, both.key}
    assert one.key not in objects
    assert below.key not in objects
    assert objects[both.key].owners == (owner(second),)
    assert objects[both.key].resource_version != both.resource_version

    drop(session, words, second)
    assert not words.look(store).objects


def test_two_owners_that_fall_together_take_their_dependent(
    store: EmbeddedStore, session: Session, words: Words
) -> None:
    top = session.create(words.secret("top"), words.mark())
    sides = [
        session.create(words.secret(name, owners=(owner(top),)), words.mark())
        for name in ("left", "right")
    ]
    session.create(words.secret("bottom", owners=tuple(map(owner, sides))), words.mark())
    drop(session, words, top)
    assert not words.look(store).objects


@pytest.mark.parametrize(
    ("other", "left"),
    [
        (OwnerReference("apps/v1", "Deployment", "shop", "some-uid"), {"child"}),
        (OwnerReference("v1", "Secret", "gone", "some-uid"), set()),
    ],
)
def test_an_owner_that_cannot_be_known_to_be_gone_holds_its_dependent(
    store: EmbeddedStore, session: Session, words: Words, other: OwnerReference, left: set[str]
) -> None:
    first = session.create(words.secret("first"), words.mark())
    session.create(words.secret("child", owners=(owner(first), other)), words.mark())
    drop(session, words, first)
    assert {key.name for key in words.look(store).objects} == left


def test_an_object_whose_owner_never_existed_stays(
    store: EmbeddedStore, session: Session, words: Words
) -> None:
    missing = OwnerReference("v1", "Secret", "missing", "some-uid")
    child = session.create(words.secret("child", owners=(missing,)), words.mark())
    drop(session, words, session.create(words.secret("another"), words.mark()))
    assert child.key in words.look(store).objects


def test_tokens_fall_with_their_service_account(
    store: EmbeddedStore, session: Session, words: Words
) -> None:
    account = session.create(words.account("robot"), words.mark())
    name = {"kubernetes.io/service-account.name": "robot"}
    uid = "kubernetes.io/service-account.uid"
    token = session.create(words.secret("token", type=TOKEN, annotations=name), words.mark())
    mine = {**name, uid: account.uid}
    session.create(words.secret("mine", type=TOKEN, annotations=mine), words.mark())
    kept = [
        words.secret("of-another", type=TOKEN, annotations={**name, uid: "another"}),
        words.secret("of-default", type=TOKEN, annotations={next(iter(name)): "default"}),
        words.secret("no-token", annotations=name),
    ]
    for secret in kept:
        session.create(secret, words.mark())
    assert token.data == {}
    drop(session, words, account)
    assert set(words.look(store).objects) == {secret.key for secret in kept}


def test_a_finalizer_holds_every_deletion_that_would_take_it(
    store: EmbeddedStore, session: Session, words: Words
) -> None:
    namespace = session.create(words.namespace("shop"), words.mark())
    held = Resource(
        key=ObjectKey(SECRET, "shop", "held"), type="Opaque", finalizers=("example.com/hold",)
    )
    live = session.create(held, words.mark())
    for key, seen in ((namespace.key, namespace), (held.key, live)):
        for delete in (
            partial(session.delete, key, words.as_seen(seen)),
            partial(session.delete, key, words.as_seen(seen), keep_copy=True),
            partial(store.try_delete, seen),
        ):
            with pytest.raises(ObjectInvalid, match=r"Secret/shop/held \(example.com/hold\)"):
                delete()
    snapshot = words.look(store)
    assert set(snapshot.objects) == {namespace.key, held.key}
    assert not snapshot.copies


def test_a_refused_write_changes_nothing_at_all(
    store: EmbeddedStore, session: Session, words: Words
) -> None:
    live = session.create(words.secret("s", {"a": b"1"}), words.mark())
    with pytest.raises(ObjectExists):
        session.create(words.secret("s", {"a": b"2"}), words.mark())
    tried = store.try_create(words.secret("dry"), words.mark())
    after = session.create(words.secret("t"), words.mark())
    assert int(after.resource_version) == int(live.resource_version) + 1
    assert tried.resource_version == after.resource_version


@pytest.mark.parametrize("fields", [{"labels": {"a": "\ud800"}}, {"annotations": {"a": "\ud800"}}])
def test_text_that_cannot_be_stored_is_refused(
    session: Session, words: Words, fields: dict[str, Any]
) -> None:
    with pytest.raises(ObjectInvalid):
        session.create(words.secret("s", **fields), words.mark())


def test_a_number_that_cannot_be_stored_is_refused(session: Session, words: Words) -> None:
    with pytest.raises(ObjectInvalid, match="64 bits"):
        session.create(words.account("robot", settings={"n": 2**70}), words.mark())


def test_a_stale_version_of_a_deleted_and_created_object_is_told_apart(
    session: Session, words: Words
) -> None:
    first = session.create(words.secret("s", {"a": b"1"}), words.mark())
    drop(session, words, first)
    second = session.create(words.secret("s", {"a": b"1"}), words.mark())
    with pytest.raises(Exception, match="created again"):
        session.update(first.key, (), words.mark(), words.as_seen(first))
    with pytest.raises(Exception, match="resource version is"):
        session.update(first.key, (), words.mark(), Precondition(second.uid, "1"))
    assert second.data == {"a": SecretValue(b"1")}
