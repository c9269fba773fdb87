"""The secrets of a Docker swarm: ``docker:``, ``docker:unix:///PATH``, ``docker:CONTEXT``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.stores.backend import Backend
from reconciler.stores.docker.annotations import ANNOTATIONS

if TYPE_CHECKING:
    from reconciler.model.objects import Resource
    from reconciler.model.opening import Opening, StoreChoice
    from reconciler.rules import Violation
    from reconciler.stores.docker.store import DockerStore


class DockerBackend(Backend):
    """See `reconciler.stores.backend.Backend`."""

    scheme = "docker"
    annotations = ANNOTATIONS
    has_server = True

    def check(self, resource: Resource, choice: StoreChoice) -> Iterator[Violation]:
        """What a swarm refuses, such as other kinds, long names and large values."""
        from reconciler.stores.docker.layout import check

        del choice
        yield from check(resource)

    def open(self, opening: Opening) -> DockerStore:
        """Open the swarm that the URL, a context or ``DOCKER_HOST`` names; asks it nothing yet."""
        from reconciler.stores.docker.connecting import connection
        from reconciler.stores.docker.store import DockerStore
        from reconciler.stores.keys import given_fingerprint_key

        engine = connection(opening.url.partition(":")[2], opening.environ, opening.workers)
        return DockerStore(engine, given_fingerprint_key(opening.environ))


BACKEND: Backend = DockerBackend()
