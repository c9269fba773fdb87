"""The lock of a set: a Lease (API reference: Lease v1 coordination.k8s.io).

Its times are judged by this machine's clock, or by the server's where the two differ. Whoever may
write Leases may put anything there that the server takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import (
    ObjectExists,
    ObjectMoved,
    ObjectNotFound,
    StoreError,
    StoreLocked,
    StoreUnavailable,
)
from reconciler.model.locks import Lock, lock_id, lost, moment
from reconciler.stores.kubernetes import paths
from reconciler.stores.kubernetes.connection import MANAGER, Connection, retried

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Lease:
    """The lock of a set: the Lease `name` in `namespace`."""

    connection: Connection
    namespace: str
    name: str
    set_name: str

    def read(self) -> Lock | None:
        """The lock, expired or not."""
        try:
            return self._lock(self._get())
        except ObjectNotFound:
            return None

    def take(self, holder: str, seconds: float) -> None:
        """Take the lock for `seconds`, or extend it where `holder` has it already.

        Raises:
            StoreLocked: somebody else has it.
        """
        if not self._settled(lambda: self._try_to_take(holder, seconds)):
            raise StoreLocked(
                f"{self._shown} changes hands all the time",
                holder="somebody unknown",
                hint="wait for it with --lock-timeout",
            )

    def renew(self, holder: str, seconds: float) -> None:
        """Extend the lock that `holder` has.

        Raises:
            LockLost: `holder` no longer has it.
        """
        if not self._settled(lambda: self._try_to_renew(holder, seconds)):
            raise self._contended()

    def give_back(self, holder: str) -> None:
        """Delete the lock, where `holder` has it."""
        with suppress(ObjectNotFound, ObjectMoved):
            retried(lambda: self._delete_if_held_by(holder))

    def remove(self, lock: Lock) -> None:
        """Delete `lock`, whoever has it.

        Raises:
            ObjectMoved: the set's lock is another one by now.
        """
        if not self._settled(lambda: self._try_to_remove(lock)):
            raise self._contended()

    def _settled(self, request: Callable[[], bool]) -> bool:
        """Repeat `request` until it returns true, which means that no other writer interfered."""
        return any(retried(request) for _ in range(_TRIES))

    def _contended(self) -> StoreUnavailable:
        return StoreUnavailable(f"{self._shown} is changed all the time", hint="try again")

    def _delete_if_held_by(self, holder: str) -> None:
        document = self._get()
        if _holder(document) == holder:
            self._delete(document)

    def _try_to_take(self, holder: str, seconds: float) -> bool:
        now = self.connection.now()
        try:
            document = self._get()
        except ObjectNotFound:
            return self._create(self._lease(holder, now, now, seconds))
        lock = self._lock(document)
        since = now
        if lock is not None and lock.is_held:
            if lock.holder != holder:
                raise lock.refusal()
            since = now if lock.since is None else lock.since
        return self._replace(document, self._lease(holder, since, now, seconds))

    def _try_to_renew(self, holder: str, seconds: float) -> bool:
        try:
            document = self._get()
        except ObjectNotFound:
            raise lost(None) from None
        lock = self._lock(document)
        if lock is None or lock.holder != holder:
            raise lost(lock)
        since = lock.read_at if lock.since is None else lock.since
        return self._replace(document, self._lease(holder, since, lock.read_at, seconds))

    def _try_to_remove(self, lock: Lock) -> bool:
        try:
            document = self._get()
            current = self._lock(document)
            if current is None:
                return True
            lock.refuse_other(current)
        except ObjectNotFound:
            return True
        try:
            self._delete(document)
        except ObjectMoved:  # extended meanwhile, or another lock
            return False
        except ObjectNotFound:
            return True
        return True

    @property
    def _shown(self) -> str:
        return f"the lock of the set {self.set_name!r}"

    @property
    def _path(self) -> str:
        return f"{paths.leases(self.namespace)}/{self.name}"

    def _get(self) -> Mapping[str, Any]:
        return _mapping(self.connection.get(self._path, self._shown))

    def _create(self, lease: Mapping[str, Any]) -> bool:
        query = {"fieldManager": MANAGER}
        collection = paths.leases(self.namespace)
        try:
            self.connection.request("POST", collection, self._shown, query=query, body=lease)
        except ObjectExists:
            return False
        return True

    def _replace(self, document: Mapping[str, Any], lease: Mapping[str, Any]) -> bool:
        # Without the uid, a server would make a Lease anew that was removed meanwhile.
        body = {**lease, "metadata": {**lease["metadata"], **self._version(document)}}
        query = {"fieldManager": MANAGER}
        try:
            self.connection.request("PUT", self._path, self._shown, query=query, body=body)
        except (ObjectMoved, ObjectNotFound):
            return False
        return True

    def _delete(self, document: Mapping[str, Any]) -> None:
        body = {"preconditions": self._version(document)}
        self.connection.request("DELETE", self._path, self._shown, body=body)

    def _version(self, document: Mapping[str, Any]) -> dict[str, str]:
        """The uid and version of a Lease, by which a write changes that Lease and no other."""
        metadata = _mapping(document.get("metadata"))
        try:
            return {name: metadata[name] for name in ("uid", "resourceVersion")}
        except KeyError:
            raise StoreError(f"{self._shown}: the API server's answer has no version") from None

    def _lease(self, holder: str, since: float, now: float, seconds: float) -> dict[str, Any]:
        duration = max(1, math.ceil(seconds))  # the API takes whole seconds, and no 0
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": duration,
                "acquireTime": _text(since),
                "renewTime": _text(now + seconds - duration),
            },
        }

    def _lock(self, document: Mapping[str, Any]) -> Lock | None:
        """The lock in a Lease; ``None`` where the Lease was released."""
        spec = _mapping(document.get("spec"))
        holder = _holder(document)
        if not holder and spec.get("renewTime") is None:
            return None
        renewed = _seconds(spec.get("renewTime"))
        duration = moment(spec.get("leaseDurationSeconds"))
        return Lock(
            set_name=self.set_name,
            id=lock_id(_mapping(document.get("metadata")).get("uid"), holder),
            holder=holder,
            since=_seconds(spec.get("acquireTime")),
            until=None if renewed is None or duration is None else moment(renewed + duration),
            read_at=self.connection.now(),
            renewed=renewed,
            clock=self.connection.clock,
        )


def _holder(document: Mapping[str, Any]) -> str:
    return str(_mapping(document.get("spec")).get("holderIdentity") or "")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(seconds: float) -> str:
    written = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return written.replace("+00:00", "Z")


def _seconds(written: object) -> float | None:
    """A time as the API writes it; ``None`` where it is none."""
    try:
        read = datetime.fromisoformat(str(written))
        return None if read.tzinfo is None else moment(read.timestamp())
    except (ValueError, OverflowError):
        return None
