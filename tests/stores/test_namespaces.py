"""Namespaces and ServiceAccounts, in stores that have them."""

from __future__ import annotations

import pytest

from reconciler.errors import ObjectNotFound
from reconciler.model.objects import NAMESPACE, SECRET, SERVICE_ACCOUNT, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action
from reconciler.model.store import Capability, Session, Store
from tests.stores.words import Words

pytestmark = pytest.mark.needs(Capability.NAMESPACES)


def test_a_secret_needs_its_namespace(store: Store, session: Session, words: Words) -> None:
    wanted = Resource(key=ObjectKey(SECRET, "nowhere", "s"), type="Opaque")
    with pytest.raises(ObjectNotFound) as caught:
        session.create(wanted, words.mark())
    assert "nowhere" in caught.value.message
    with pytest.raises(ObjectNotFound):
        words.trying(store).try_create(wanted, words.mark())


def test_a_secret_can_be_created_in_a_new_namespace(
    store: Store, session: Session, words: Words
) -> None:
    session.create(words.namespace(words.elsewhere, labels={"team": "a"}), words.mark())
    wanted = Resource(key=ObjectKey(SECRET, words.elsewhere, "s"), type="Opaque")
    session.begin([(Action.CREATE, wanted.key)])
    live = session.create(wanted, words.mark())
    snapshot = words.look(store)
    assert snapshot.objects[live.key] == live
    assert snapshot.objects[ObjectKey(NAMESPACE, "", words.elsewhere)].labels["team"] == "a"


def test_a_service_account_keeps_its_settings(store: Store, session: Session, words: Words) -> None:
    settings = {
        "automountServiceAccountToken": False,
        "imagePullSecrets": [{"name": "registry"}],
    }
    wanted = words.account("robot", settings=settings)
    live = session.create(wanted, words.mark())
    assert words.look(store).objects[wanted.key].settings == settings
    patch = (Operation("replace", "/automountServiceAccountToken", True),)
    updated = session.update(wanted.key, patch, words.mark(), words.as_seen(live))
    assert updated.settings == {**settings, "automountServiceAccountToken": True}


def test_the_same_name_in_two_namespaces_and_kinds_is_not_the_same_object(
    store: Store, session: Session, words: Words
) -> None:
    session.create(words.namespace(words.elsewhere), words.mark())
    keys = [
        words.key("same"),
        ObjectKey(SECRET, words.elsewhere, "same"),
        ObjectKey(SERVICE_ACCOUNT, words.elsewhere, "same"),
    ]
    session.begin([(Action.CREATE, key) for key in keys])
    for key in keys:
        kind_type = "Opaque" if key.kind == SECRET else ""
        session.create(Resource(key=key, type=kind_type, labels={"in": key.kind}), words.mark())
    objects = words.look(store).objects
    assert len({objects[key].uid for key in keys}) == 3


def test_a_deleted_service_account_is_gone(store: Store, session: Session, words: Words) -> None:
    live = session.create(words.account("robot"), words.mark())
    session.delete(live.key, words.as_seen(live))
    assert live.key not in words.look(store, live.key).objects
