"""The lock of a set: a Secret in the set's home namespace.

That of two creates of one name only one succeeds is all that the service decides between callers.
So a lock is taken by a create, and given back or, once it has expired, dropped by a delete. Deletes
name an id, so that nobody drops a lock that somebody else has taken in the meantime. Only a lock
that has not expired is extended.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import (
    LockLost,
    ObjectExists,
    ObjectNotFound,
    StoreDamaged,
    StoreUnavailable,
)
from reconciler.model.locks import Lock, lock_id, lost, moment
from reconciler.stores.sae.documents import LOCK_PREFIX, TYPE, digest_of, from_raw, to_raw
from reconciler.stores.sae.service import Service


@dataclass(frozen=True, slots=True)
class _Lease:
    """A lock that this process has taken; times are in seconds since 1970, by its clock."""

    secret_id: int
    holder: str
    since: float
    until: float


class Locks:
    """The locks in one namespace, and what this process holds of them."""

    def __init__(self, service: Service, home_id: str) -> None:
        self._service = service
        self._home_id = home_id
        self._leases: dict[str, _Lease] = {}
        self._turn = threading.RLock()

    def take(self, set_name: str, holder: str, seconds: float) -> bool:
        """Take the lock or extend it; tells whether it was taken anew.

        Raises:
            StoreLocked: somebody else has it still.
        """
        with self._turn:
            lease = self._leases.pop(set_name, None)
            if (
                lease is not None
                and lease.holder == holder
                and self._extended(set_name, lease, seconds)
            ):
                return False
            return self._taken(set_name, holder, seconds)

    def renew(self, set_name: str, holder: str, seconds: float) -> None:
        """Extend the lock that this process has taken, where it has not expired.

        Raises:
            LockLost: `holder` has it no more, so that another process may be writing.
        """
        with self._turn:
            lease = self._leases.get(set_name)
            if lease is None or lease.holder != holder:
                raise lost(self._lock(set_name))
            if not self._extended(set_name, lease, seconds):
                self._leases[set_name] = replace(lease, until=-math.inf)  # for `guard`
                raise lost(self._lock(set_name))

    def give_back(self, set_name: str, holder: str) -> None:
        """Drop the lock where `holder` has it."""
        with self._turn:
            lease = self._leases.get(set_name)
            if lease is not None and lease.holder == holder:
                del self._leases[set_name]
                self._drop(set_name, lease.secret_id)
                return
            found = self._found(set_name)
            if found is not None and found[1].holder == holder:
                self._drop(set_name, found[0])

    def read(self, set_name: str) -> Lock | None:
        """The lock, expired or not."""
        try:
            return self._lock(set_name)
        except ObjectNotFound:  # the home does not exist
            return None

    def remove(self, lock: Lock) -> None:
        """Drop `lock`, whoever has it.

        Raises:
            ObjectMoved: the set's lock is another one by now.
        """
        found = self._found(lock.set_name)
        if found is not None:
            secret_id, current = found
            lock.refuse_other(current)
            self._drop(lock.set_name, secret_id)

    def guard(self, set_name: str) -> None:
        """Make sure that the lock, where this process has taken it, has not expired.

        Raises:
            LockLost: it has, so that another process may be writing.
        """
        lease = self._leases.get(set_name)
        if lease is not None and time.time() > lease.until:
            raise LockLost(f"the lock of the set {set_name!r} has expired", hint="plan again")

    def _taken(self, set_name: str, holder: str, seconds: float) -> bool:
        try:
            self._make(set_name, holder, seconds)
        except ObjectExists:
            found = self._found(set_name)
        else:
            return True
        if found is not None:
            secret_id, lock = found
            if lock.is_held:
                lease = _lease(secret_id, lock)
                if lock.holder == holder and self._extended(set_name, lease, seconds):
                    return False
                raise lock.refusal()
            self._drop(set_name, secret_id)
        try:
            self._make(set_name, holder, seconds)
        except ObjectExists:  # somebody else was quicker
            quicker = self._lock(set_name) or _read(set_name, 0, {})
        else:
            return True
        raise quicker.refusal()

    def _make(self, set_name: str, holder: str, seconds: float) -> None:
        now = time.time()
        lease = _Lease(0, holder, now, now + seconds)
        name = LOCK_PREFIX + digest_of(set_name)
        try:
            made = self._service.create(
                self._home_id, name, TYPE, _raw(lease), _about(set_name), patient=True
            )
        except StoreUnavailable:
            found = self._found(set_name)
            if found is None or found[1].holder != holder:
                raise
            lease = replace(lease, secret_id=found[0])  # only the answer was lost
        else:
            lease = replace(lease, secret_id=made)
        self._leases[set_name] = lease

    def _extended(self, set_name: str, lease: _Lease, seconds: float) -> bool:
        now = time.time()
        if lease.until < now:
            return False
        longer = replace(lease, until=now + seconds)
        try:
            self._service.update(
                self._home_id, lease.secret_id, _raw(longer), _about(set_name), patient=True
            )
        except ObjectNotFound:
            return False
        self._leases[set_name] = longer
        return True

    def _drop(self, set_name: str, secret_id: int) -> None:
        with suppress(ObjectNotFound):
            self._service.delete(self._home_id, secret_id, _about(set_name), patient=True)

    def _lock(self, set_name: str) -> Lock | None:
        found = self._found(set_name)
        return None if found is None else found[1]

    def _found(self, set_name: str) -> tuple[int, Lock] | None:
        """The Secret's id, and the lock in it, which anybody may have changed."""
        about = _about(set_name)
        item = self._service.list(self._home_id, about).get(LOCK_PREFIX + digest_of(set_name))
        if item is None:
            return None
        try:
            found = self._service.describe(self._home_id, item.id, about)
        except ObjectNotFound:
            return None
        document: Mapping[str, Any] = {}
        with suppress(StoreDamaged):
            document = from_raw(found, about)
        return item.id, _read(set_name, item.id, document)


def _lease(secret_id: int, lock: Lock) -> _Lease:
    since = lock.read_at if lock.since is None else lock.since
    return _Lease(secret_id, lock.holder, since, -math.inf if lock.until is None else lock.until)


def _read(set_name: str, secret_id: int, document: Mapping[str, Any]) -> Lock:
    return Lock(
        set_name=set_name,
        id=lock_id(secret_id),
        holder=str(document.get("holder") or ""),
        since=moment(document.get("since")),
        until=moment(document.get("until")),
        read_at=time.time(),
    )


def _about(set_name: str) -> str:
    return f"the lock of the set {set_name!r}"


def _raw(lease: _Lease) -> dict[str, str]:
    return to_raw({"holder": lease.holder, "since": lease.since, "until": lease.until})
