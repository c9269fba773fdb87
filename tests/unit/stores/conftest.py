from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.model.store import Opening
from reconciler.stores.sqlite import EmbeddedStore, open_store
from tests.stores.words import Words

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
        stores.append(open_store(Opening(url=url, environ=environ)))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opener) -> EmbeddedStore:
    """A store that exists, under the key beside it."""
    store = opened()
    store.lock("default", "a test", 0)
    return store
