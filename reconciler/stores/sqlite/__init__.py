"""The embedded store: ``sqlite:PATH``, a file with its values encrypted, and no server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconciler.stores.backend import Backend

if TYPE_CHECKING:
    from reconciler.model.opening import Opening
    from reconciler.stores.sqlite.store import EmbeddedStore


class EmbeddedBackend(Backend):
    """See `reconciler.stores.backend.Backend`."""

    scheme = "sqlite"

    def place(self, url: str) -> str:
        """The file itself: links on the way to it are resolved, as they are where it is opened."""
        return f"{self.scheme}:{os.path.realpath(url.partition(':')[2])}"

    def open(self, opening: Opening) -> EmbeddedStore:
        """Open the store ``sqlite:PATH``, relative to the current directory; creates nothing."""
        from reconciler.stores.keys import given_fingerprint_key
        from reconciler.stores.sqlite.opening import database_of
        from reconciler.stores.sqlite.store import EmbeddedStore

        database = database_of(opening.url, opening.environ)
        return EmbeddedStore(database, given_fingerprint_key(opening.environ))


BACKEND: Backend = EmbeddedBackend()
