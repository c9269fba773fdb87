"""What manifest and store have in common is held in memory once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.objects import Desired
from reconciler.model.store import Scope, Session
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.world import record, secret, wrapped

LABELS = {"app": "orders"}
NOTES = {"owner": "orders@example.com"}


@pytest.fixture
def resource(session: Session) -> Desired:
    """An object that the store has just so."""
    made = secret("s", {"a": b"1", "b": b"2"}, labels=LABELS, annotations=NOTES)
    session.create(made, record(made))
    return made


def _scope(*desired: Desired) -> Scope:
    return Scope("default", frozenset(each.key for each in desired), desired=desired)


def test_content_in_sync_is_held_once(store: EmbeddedStore, resource: Desired) -> None:
    manifest = secret("s", {"a": b"1", "b": b"2"}, labels={**LABELS}, annotations={**NOTES})
    ((key, live),) = (
        item for item in store.read(_scope(manifest)).objects.items() if item[0] == resource.key
    )
    assert key is live.key is manifest.key
    assert live.data is manifest.data
    assert live.labels is manifest.labels
    assert live.annotations is manifest.annotations


@pytest.mark.parametrize(
    "differing",
    [
        {"data": wrapped({"a": b"1"})},
        {"data": wrapped({"a": b"1", "b": b"3"})},
        {"data": wrapped({"a": b"1", "b": b"2", "c": b""})},
        {"labels": {"app": "search"}},
        {"labels": {}},
        {"annotations": {**NOTES, "more": ""}},
        {"type": "example.com/other"},
    ],
)
def test_what_differs_is_as_the_store_has_it(
    store: EmbeddedStore, resource: Desired, differing: dict[str, object]
) -> None:
    alone = store.read(Scope("default", frozenset({resource.key})))
    beside = store.read(_scope(replace(resource, **differing)))  # type: ignore[arg-type]
    assert beside == alone


def test_fingerprints_of_equal_metadata_are_held_once(
    store: EmbeddedStore, session: Session, resource: Desired
) -> None:
    other = secret("t", {"a": b"1"}, labels=LABELS, annotations=NOTES)
    session.create(other, record(other))
    objects = store.read(_scope(resource, other)).objects
    first, second = (objects[each.key].applied for each in (resource, other))
    assert first is not None
    assert second is not None
    for path in (("type",), ("metadata", "labels", "app"), ("metadata", "annotations", "owner")):
        assert first.fields[path] is second.fields[path]
