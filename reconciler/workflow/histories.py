"""Who touched a set last."""

from __future__ import annotations

from reconciler.errors import StoreError
from reconciler.model.history import Run, last_of
from reconciler.model.store import Store


def last_run(store: Store, set_name: str) -> Run | None:
    """The last run of the set, for a remark beside what a command shows.

    ``None`` where there is none, or where it cannot be read: who may unlock a set need not be
    allowed to read what else the store keeps of it.
    """
    try:
        return last_of(store.history(set_name))
    except StoreError:
        return None
