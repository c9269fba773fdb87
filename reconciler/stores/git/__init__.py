"""What the manifests of a Git revision would have made: ``git:REVISION``; only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.stores.backend import Backend

if TYPE_CHECKING:
    from reconciler.model.opening import Opening
    from reconciler.stores.git.store import GitStore


class GitBackend(Backend):
    """See `reconciler.stores.backend.Backend`."""

    scheme = "git"

    def open(self, opening: Opening) -> GitStore:
        """Remember the revision that the URL names; nothing is read yet."""
        from reconciler.stores.git.store import opened

        return opened(opening)


BACKEND: Backend = GitBackend()
