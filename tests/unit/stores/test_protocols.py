"""Every store has the methods of the protocols, and mypy compares them here.

Stores derive from the protocols, so that mypy compares each method where it is defined, and reports
missing ones where a store is made. It does not see through the decorator of ``session``: what that
yields is compared where it does so, as ``Iterator[Session]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.store import Restarting, Rotating, Session, Store, Trying
from reconciler.stores.cce.store import CceStore
from reconciler.stores.docker.session import DockerSession
from reconciler.stores.docker.store import DockerStore
from reconciler.stores.kubernetes.session import KubernetesSession
from reconciler.stores.kubernetes.store import KubernetesStore
from reconciler.stores.sae.session import SaeSession
from reconciler.stores.sae.store import SaeStore
from reconciler.stores.sqlite.session import EmbeddedSession
from reconciler.stores.sqlite.store import EmbeddedStore

if TYPE_CHECKING:
    from sealed_files.store import FileStore

    def stores(
        *stores: CceStore | DockerStore | EmbeddedStore | FileStore | KubernetesStore | SaeStore,
    ) -> tuple[Store, ...]:
        return stores

    def trying(*stores: CceStore | EmbeddedStore | KubernetesStore) -> tuple[Trying, ...]:
        return stores

    def restarting(session: KubernetesSession) -> Restarting:
        return session

    def rotating(session: DockerSession) -> Rotating:
        return session


def inherited(implementation: type, protocol: type) -> set[str]:
    """The members that `implementation` takes from the protocol as they are."""
    return {
        name
        for name, member in vars(protocol).items()
        if not name.startswith("_") and getattr(implementation, name) is member
    }


def test_every_store_has_all_methods() -> None:
    for store in (CceStore, DockerStore, EmbeddedStore, KubernetesStore, SaeStore):
        assert inherited(store, Store) <= {"read_ahead"}, store
    for session in (DockerSession, EmbeddedSession, KubernetesSession, SaeSession):
        assert inherited(session, Session) <= {"begin", "unfinished"}, session
