"""The lock of a set: a Lease (API reference: Lease v1 coordination.k8s.io).

Its times are judged by this machine's clock, or by the server's where the two differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import ObjectExists, ObjectMoved, ObjectNotFound, StoreLocked
from reconciler.stores.kubernetes import paths
from reconciler.stores.kubernetes.connection import MANAGER, Connection, retried

_TRIES = 5
_HINT = "wait for it to end, or let this one wait with --lock-timeout"


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of a set: the Lease `name` in `namespace`."""

    connection: Connection
    namespace: str
    name: str
    set_name: str

    def take(self, holder: str, seconds: float) -> None:
        """Take the lock for `seconds`, or extend it where `holder` has it already.

        Raises:
            StoreLocked: somebody else has it.
        """
        for _ in range(_TRIES):
            try:
                retried(lambda: self._try_to_take(holder, seconds))
            except (
                ObjectExists,
                ObjectMoved,
                ObjectNotFound,
            ):  # somebody else was quicker: look at it again
                continue
            return
        raise StoreLocked(f"{self._shown} changes hands all the time", holder="", hint=_HINT)

    def give_back(self, holder: str) -> None:
        """Delete the lock, where `holder` has it."""
        with suppress(ObjectNotFound, ObjectMoved):
            retried(lambda: self._delete_that_of(holder))

    def _delete_that_of(self, holder: str) -> None:
        found = self.connection.get(self._path, self._shown)
        if _holder(found) == holder:
            self.connection.request("DELETE", self._path, self._shown, body=_only(found))

    @property
    def _shown(self) -> str:
        return f"the lock of the set {self.set_name!r}"

    @property
    def _path(self) -> str:
        return f"{paths.leases(self.namespace)}/{self.name}"

    def _try_to_take(self, holder: str, seconds: float) -> None:
        now = self.connection.now()
        metadata = {"name": self.name, "namespace": self.namespace}
        lease: dict[str, Any] = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": _spec(holder, seconds, now),
        }
        query = {"fieldManager": MANAGER}
        try:
            found = self.connection.get(self._path, self._shown)
        except ObjectNotFound:
            collection = paths.leases(self.namespace)
            self.connection.request("POST", collection, self._shown, query=query, body=lease)
            return
        other = _holder(found)
        if other not in {holder, ""} and _expiry(found) > now:
            raise StoreLocked(f"{self._shown} is held by {other}", holder=other, hint=_HINT)
        metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
        self.connection.request("PUT", self._path, self._shown, query=query, body=lease)


def _spec(holder: str, seconds: float, now: float) -> dict[str, Any]:
    duration = max(1, math.ceil(seconds))  # the API takes whole seconds, and no 0
    renewed = datetime.fromtimestamp(now + seconds - duration, UTC)
    return {
        "holderIdentity": holder,
        "leaseDurationSeconds": duration,
        "renewTime": renewed.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }


def _holder(lease: Mapping[str, Any]) -> str:
    return str(lease["spec"].get("holderIdentity") or "")


def _expiry(lease: Mapping[str, Any]) -> float:
    renewed = lease["spec"].get("renewTime")
    if renewed is None:
        return 0.0
    duration = float(lease["spec"].get("leaseDurationSeconds") or 0)
    return datetime.fromisoformat(renewed).timestamp() + duration


def _only(lease: Mapping[str, Any]) -> dict[str, Any]:
    metadata = lease["metadata"]
    seen = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    return {"preconditions": seen}
