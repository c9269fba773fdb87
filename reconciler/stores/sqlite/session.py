"""A session of the embedded store."""

from __future__ import annotations

import time
from collections.abc import Callable

from reconciler.errors import StoreError
from reconciler.model.history import Run
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.store import Scope, Session, Snapshot
from reconciler.stores.sqlite import history, writing
from reconciler.stores.sqlite.database import Database
from reconciler.stores.sqlite.locks import RowLock
from reconciler.stores.sqlite.tables import Contents


class EmbeddedSession(Session):
    """See `reconciler.model.store.Session`."""

    def __init__(
        self,
        database: Database,
        read: Callable[[Scope], Snapshot],
        set_name: str,
        holder: str,
        given_key: bytes | None,
    ) -> None:
        self._database = database
        self._read = read
        self._set_name = set_name
        self._holder = holder
        self._given_key = given_key

    @property
    def fingerprint_key(self) -> bytes:
        """The key of the fingerprints, which all sets of the file share."""
        if self._given_key is not None:
            return self._given_key
        key = self._database.read(Contents.fingerprint_key)
        if key is None:
            raise StoreError(f"{self._database.shown} does not exist, so it has no fingerprint key")
        return key

    def renew(self, seconds: float) -> None:
        """Extend the lock."""
        self._database.write(lambda contents: self._lock(contents).renew(self._holder, seconds))

    def give_back(self) -> None:
        """Release the lock, where the session still has it."""
        self._database.write(lambda contents: self._lock(contents).give_back(self._holder))

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants."""
        return self._read(scope)

    def note(self, run: Run) -> None:
        """Put `run` into the history of the set."""
        self._database.write(
            lambda contents: history.note(contents.connection, self._set_name, run)
        )

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        """Create `resource`, or take over an automatic object of that key."""
        return writing.create(self._database, resource, applied)

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
    ) -> Live:
        """Apply `patch`; an update that changes nothing keeps the resource version."""
        return writing.update(self._database, key, patch, applied, precondition)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition | None,
        *,
        keep_copy: bool = False,
        released: bool = False,
    ) -> str:
        """Delete the object, and what a cluster's controllers would delete with it."""
        if precondition is None:
            writing.forget(self._database, key)
        else:
            writing.delete(
                self._database,
                key,
                precondition,
                copy_for=self._set_name if keep_copy else None,
                released=released,
            )
        return ""

    def look(self, key: ObjectKey) -> Live | None:
        """The object as it is now."""

        def look(contents: Contents) -> Live | None:
            row = contents.find(key)
            return None if row is None else contents.live(row)

        return self._database.read(look)

    def _lock(self, contents: Contents) -> RowLock:
        return RowLock(contents.connection, self._set_name, time.time())
