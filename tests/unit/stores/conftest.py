from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.model.store import Session
from reconciler.stores.keys import given_fingerprint_key
from reconciler.stores.sqlite.opening import database_of
from reconciler.stores.sqlite.store import EmbeddedStore
from tests.stores.words import Words
from tests.world import held

Opener = Callable[..., EmbeddedStore]


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The directory of the store, which the store makes."""
    return tmp_path / "made"


@pytest.fixture
def url(place: Path) -> str:
    return f"sqlite:{place / 'store.db'}"


@pytest.fixture
def opened(url: str) -> Iterator[Opener]:
    """Open the store, with variables by name."""
    stores: list[EmbeddedStore] = []

    def open_it(**environ: str) -> EmbeddedStore:
        key = given_fingerprint_key(environ)
        stores.append(EmbeddedStore(database_of(url, environ), key))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opener) -> EmbeddedStore:
    """A store that exists, under the key beside it."""
    store = opened()
    with store.session("default", "a test", 0):
        return store


@pytest.fixture
def session(store: EmbeddedStore) -> Session:
    """A session of that store, whose lock has expired."""
    expired: Session = held(store, seconds=0)
    return expired
