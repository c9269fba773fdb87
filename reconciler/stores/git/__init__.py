"""What the manifests of a Git revision would have made: ``git:REVISION``; only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.stores.backend import Backend

if TYPE_CHECKING:
    from reconciler.model.objects import Resource
    from reconciler.model.opening import Opening, StoreChoice
    from reconciler.model.options import Option
    from reconciler.rules import Violation
    from reconciler.stores.git.store import GitStore


class GitBackend:
    """See `reconciler.stores.backend.Backend`."""

    scheme = "git"
    options: tuple[Option, ...] = ()
    annotations: frozenset[str] = frozenset()
    has_server = False

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        """A revision has no rules of its own."""
        del resource, choice
        yield from ()

    def open(self, opening: Opening) -> GitStore:
        """Remember the revision that the URL names; nothing is read yet."""
        from reconciler.stores.git.store import opened

        return opened(opening)


BACKEND: Backend = GitBackend()
