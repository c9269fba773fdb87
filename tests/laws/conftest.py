"""Worlds for laws: hypothesis asks for many within one test, so a fixture makes the maker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.world import World

NewWorld = Callable[[], AbstractContextManager[World]]


@pytest.fixture(scope="session", params=["open", "reticent"])
def new_world(request: pytest.FixtureRequest) -> NewWorld:
    """Every law holds as well where the store gives no values back."""

    @contextmanager
    def made() -> Iterator[World]:
        with TemporaryDirectory() as directory:
            world = World(Path(directory), reticent=request.param == "reticent")
            try:
                yield world
            finally:
                world.close()

    return made
