"""What a pipeline saw of another store, without values: ``snapshot:FILE``; only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.stores.backend import Backend

if TYPE_CHECKING:
    from reconciler.model.objects import Resource
    from reconciler.model.opening import Opening, StoreChoice
    from reconciler.model.options import Option
    from reconciler.rules import Violation
    from reconciler.stores.snapshot.store import SnapshotStore


class SnapshotBackend:
    """See `reconciler.stores.backend.Backend`."""

    scheme = "snapshot"
    options: tuple[Option, ...] = ()
    annotations: frozenset[str] = frozenset()
    has_server = False

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        """A snapshot has no rules of its own."""
        del resource, choice
        yield from ()

    def open(self, opening: Opening) -> SnapshotStore:
        """Read the file that the URL names."""
        from reconciler.stores.snapshot.store import opened

        return opened(opening)


BACKEND: Backend = SnapshotBackend()
