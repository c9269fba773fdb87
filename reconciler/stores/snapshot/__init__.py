"""What a pipeline saw of another store, without values: ``snapshot:FILE``; only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.stores.backend import Backend

if TYPE_CHECKING:
    from reconciler.model.opening import Opening
    from reconciler.stores.snapshot.store import SnapshotStore


class SnapshotBackend(Backend):
    """See `reconciler.stores.backend.Backend`."""

    scheme = "snapshot"

    def open(self, opening: Opening) -> SnapshotStore:
        """Read the file that the URL names."""
        from reconciler.stores.snapshot.store import opened

        return opened(opening)


BACKEND: Backend = SnapshotBackend()
