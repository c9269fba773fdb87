"""The lock of a set: a Secret in the set's home namespace.

That of two creates of one name only one succeeds is all that the service decides between callers.
So a lock is taken by a create, and given back or, once it has expired, dropped by a delete. Deletes
name an id, so that nobody drops a lock that somebody else has taken in the meantime. Only a lock
that has not expired is extended.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.errors import (
    LockLost,
    ObjectExists,
    ObjectNotFound,
    StoreLocked,
    StoreUnavailable,
)
from reconciler.stores.sae.documents import (
    LOCK_PREFIX,
    TYPE,
    damaged,
    digest_of,
    from_raw,
    to_raw,
)
from reconciler.stores.sae.service import Service


@dataclass(frozen=True, slots=True)
class _Lease:
    """Who holds a lock; times are in seconds since 1970, by the clock of who has written it."""

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

    def give_back(self, set_name: str, holder: str) -> None:
        """Drop the lock where `holder` has it."""
        with self._turn:
            lease = self._leases.get(set_name) or self._found(set_name)
            if lease is not None and lease.holder == holder:
                self._leases.pop(set_name, None)
                self._drop(set_name, lease)

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
        if found is not None and found.until > time.time():
            if found.holder == holder and self._extended(set_name, found, seconds):
                return False
            raise _locked(set_name, found)
        if found is not None:
            self._drop(set_name, found)
        try:
            self._make(set_name, holder, seconds)
        except ObjectExists:  # somebody else was quicker
            now = time.time()
            quicker = self._found(set_name) or _Lease(0, "somebody else", now, now)
        else:
            return True
        raise _locked(set_name, quicker)

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
            if found is None or found.holder != holder:
                raise
            self._leases[set_name] = found  # only the answer was lost
        else:
            self._leases[set_name] = replace(lease, secret_id=made)

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

    def _drop(self, set_name: str, lease: _Lease) -> None:
        with suppress(ObjectNotFound):
            self._service.delete(self._home_id, lease.secret_id, _about(set_name), patient=True)

    def _found(self, set_name: str) -> _Lease | None:
        about = _about(set_name)
        item = self._service.list(self._home_id, about).get(LOCK_PREFIX + digest_of(set_name))
        if item is None:
            return None
        try:
            found = self._service.describe(self._home_id, item.id, about)
        except ObjectNotFound:
            return None
        document = from_raw(found, about)
        try:
            return _Lease(
                item.id,
                str(document["holder"]),
                float(document["since"]),
                float(document["until"]),
            )
        except (KeyError, TypeError, ValueError):
            raise damaged(about) from None


def _about(set_name: str) -> str:
    return f"the lock of the set {set_name!r}"


def _raw(lease: _Lease) -> dict[str, str]:
    return to_raw({"holder": lease.holder, "since": lease.since, "until": lease.until})


def _locked(set_name: str, lease: _Lease) -> StoreLocked:
    return StoreLocked(
        f"the set {set_name!r} is locked by {lease.holder} since {_time(lease.since)}; the lock"
        f" expires at {_time(lease.until)} unless it is extended",
        holder=lease.holder,
        hint="wait for it with --lock-timeout",
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
