"""What a store answers that can only be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from reconciler.errors import StoreReadOnly
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action
from reconciler.model.store import Store


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
