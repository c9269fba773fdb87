"""What a store answers to a write is what it was told; so nobody is warned of nothing."""

from __future__ import annotations

import pytest

from reconciler.model.fields import flatten
from reconciler.model.objects import Resource
from reconciler.model.patches import Operation
from reconciler.model.store import Capability, Session, Store
from reconciler.model.values import SecretValue
from reconciler.planning.promises import deviations
from tests.stores.words import Words


def full(words: Words, kind: str) -> Resource:
    metadata = {"labels": {"app": "shop"}, "annotations": {"note": "x"}}
    match kind:
        case "secret":
            return words.secret("s", {"a": b"1", "b": b"\x00\xff"}, immutable=True, **metadata)
        case "registry":
            values = {".dockerconfigjson": b'{"auths": {}}'}
            return words.secret("s", values, type="kubernetes.io/dockerconfigjson", **metadata)
        case "account":
            settings = {"automountServiceAccountToken": False, "imagePullSecrets": [{"name": "a"}]}
            return words.account("robot", settings=settings, **metadata)
        case _:
            return words.namespace(f"{words.home}-made", **metadata)


KINDS = [
    "secret",
    "registry",
    pytest.param("account", marks=pytest.mark.needs(Capability.NAMESPACES)),
    pytest.param("namespace", marks=pytest.mark.needs(Capability.NAMESPACES)),
]
TRIED = pytest.param(True, marks=pytest.mark.needs(Capability.SERVER_DRY_RUN), id="tried")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dry_run", [TRIED, pytest.param(False, id="done")])
def test_a_create_answers_what_was_asked_for(
    store: Store, session: Session, words: Words, kind: str, *, dry_run: bool
) -> None:
    wanted = full(words, kind)
    create = words.trying(store).try_create if dry_run else session.create
    live = create(wanted, words.mark())
    assert deviations(flatten(wanted), live, store.capabilities) == ()
    assert live.warnings == ()


@pytest.mark.needs(Capability.UPDATE_VALUES)
@pytest.mark.parametrize("dry_run", [TRIED, pytest.param(False, id="done")])
def test_an_update_answers_what_was_asked_for(
    store: Store, session: Session, words: Words, *, dry_run: bool
) -> None:
    wanted = words.secret("s", {"a": b"1"}, labels={"app": "shop"})
    live = session.create(wanted, words.mark())
    keeps = Capability.METADATA in store.capabilities
    patch = (
        Operation("replace", "/data/a", SecretValue(b"2")),
        *([Operation("remove", "/metadata/labels")] if keeps else []),
    )
    if dry_run:
        answer = words.trying(store).try_update(live, patch, words.mark())
    else:
        answer = session.update(wanted.key, patch, words.mark(), words.as_seen(live))
    changed = words.secret("s", {"a": b"2"})
    assert deviations(flatten(changed), answer, store.capabilities) == ()
