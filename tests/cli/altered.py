"""The embedded store behind a wrapper, as a store from outside: ``altered:PATH``.

So a test of the command line decides what a store answers, and changes nothing of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reconciler.model.objects import Resource
from reconciler.model.opening import Opening, StoreChoice
from reconciler.model.options import Option
from reconciler.model.store import Store
from reconciler.rules import Violation
from reconciler.stores.sqlite import BACKEND as EMBEDDED

URL = "altered:.reconciler/store.db"
Wrap = Callable[[Callable[[Store], Any]], None]


class AlteredBackend:
    scheme = "altered"
    options: tuple[Option, ...] = ()
    annotations: frozenset[str] = frozenset()
    has_server = False
    place = staticmethod(EMBEDDED.place)
    wrap: Callable[[Store], Any] = staticmethod(lambda store: store)

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        yield from EMBEDDED.check(resource, choice)

    def open(self, opening: Opening) -> Store:
        store: Store = self.wrap(EMBEDDED.open(opening))
        return store


BACKEND = AlteredBackend()


def install(site: Path) -> None:
    """Make `site` a directory of packages, one of which provides the store."""
    metadata = site / "altered-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: altered\nVersion: 1\n")
    entry_points = f"[reconciler.stores]\naltered = {__name__}:BACKEND\n"
    (metadata / "entry_points.txt").write_text(entry_points)
