"""What a store answers to a write is what it was told; so nobody is warned of nothing."""

from __future__ import annotations

import pytest

from reconciler.model.objects import Resource
from reconciler.model.patches import Operation
from reconciler.model.store import Store
from reconciler.model.values import SecretValue
from reconciler.planning.promises import deviations, of_creation
from tests.stores.words import Words


def full(words: Words, kind: str) -> Resource:
    metadata = {"labels": {"app": "shop"}, "annotations": {"note": "x"}}
    match kind:
        case "secret":
            return words.secret("s", {"a": b"1", "empty": b""}, immutable=True, **metadata)
        case "login":
            values = {"username": b"me", "password": b"\x00\xff"}
            return words.secret("s", values, type="kubernetes.io/basic-auth", **metadata)
        case "account":
            settings = {"automountServiceAccountToken": False, "imagePullSecrets": [{"name": "a"}]}
            return words.account("robot", settings=settings, **metadata)
        case _:
            return words.namespace(f"{words.home}-made", **metadata)


@pytest.mark.parametrize("kind", ["secret", "login", "account", "namespace"])
@pytest.mark.parametrize("dry_run", [True, False], ids=["tried", "done"])
def test_a_create_answers_what_was_asked_for(
    store: Store, words: Words, kind: str, *, dry_run: bool
) -> None:
    wanted = full(words, kind)
    live = store.create(wanted, words.mark(), dry_run=dry_run)
    assert deviations(of_creation(wanted), live, store.capabilities) == ()
    assert live.warnings == ()


def test_an_update_answers_what_was_asked_for(store: Store, words: Words) -> None:
    wanted = words.secret("s", {"a": b"1"}, labels={"app": "shop"})
    live = store.create(wanted, words.mark())
    patch = (
        Operation("replace", "/data/a", SecretValue(b"2")),
        Operation("remove", "/metadata/labels"),
    )
    for dry_run in (True, False):
        answer = store.update(wanted.key, patch, words.mark(), words.as_seen(live), dry_run=dry_run)
        changed = words.secret("s", {"a": b"2"})
        assert deviations(of_creation(changed), answer, store.capabilities) == ()
