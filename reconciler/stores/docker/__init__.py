"""The secrets of a Docker swarm: ``docker:``, ``docker:unix:///PATH``, ``docker:CONTEXT``."""

from __future__ import annotations

from reconciler.model.store import Opening
from reconciler.stores.docker.connecting import connection
from reconciler.stores.docker.store import DockerStore
from reconciler.stores.keys import given_fingerprint_key

__all__ = ["OPTIONS", "DockerStore", "open_store"]

OPTIONS: frozenset[str] = frozenset()
"""The options of the command line that only this store has."""


def open_store(opening: Opening) -> DockerStore:
    """Open the swarm that the URL, a context or ``DOCKER_HOST`` names; asks it nothing yet.

    Raises:
        ConfigError: the extra is not installed, or a setting cannot be used.
    """
    engine = connection(opening.url.partition(":")[2], opening.environ, opening.workers)
    return DockerStore(engine, given_fingerprint_key(opening.environ))
