"""What a store answers that can only be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NoReturn

from reconciler.errors import StoreReadOnly
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import NAMESPACE, Bystander, ObjectKey
from reconciler.model.plans import Action
from reconciler.model.store import Scope, Store


class ReadOnly(Store):
    """The methods of a store without `Capability.WRITES` that have to do with writes."""

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Nobody may write.

        Raises:
            StoreReadOnly: always.
        """
        del set_name, work
        raise StoreReadOnly

    def history(self, set_name: str) -> tuple[Run, ...]:
        """Nothing was ever applied."""
        del set_name
        return ()

    def session(self, set_name: str, holder: str, seconds: float) -> NoReturn:
        """There are no writes, and so no session.

        Raises:
            StoreReadOnly: always.
        """
        del set_name, holder, seconds
        raise StoreReadOnly

    def read_lock(self, set_name: str) -> Lock | None:
        """There is no lock."""
        del set_name
        return None

    def break_lock(self, lock: Lock) -> None:
        """There is no lock to remove."""
        del lock

    def close(self) -> None:
        """Nothing is held open."""


def assumed(scope: Scope, contained: Collection[ObjectKey]) -> dict[ObjectKey, Bystander]:
    """What is taken to exist: the namespaces and references that are not `contained`.

    A store for review holds only what manifests once said, and they need not name these.
    """
    namespaces = {ObjectKey(NAMESPACE, "", key.namespace) for key in scope.keys if key.namespace}
    keys = {*scope.references, *namespaces} - scope.keys - set(contained)
    return {key: Bystander(key, str(key)) for key in keys}
