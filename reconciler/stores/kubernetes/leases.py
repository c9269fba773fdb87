"""The lock of a set: a Lease (API reference: Lease v1 coordination.k8s.io).

Its times are judged by this machine's clock, or by the server's where the two differ. Whoever may
write Leases may put anything there that the server takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import ObjectExists, ObjectMoved, ObjectNotFound, StoreError
from reconciler.model.locks import Lock, lock_id, moment
from reconciler.rules.pod_specs import mapping
from reconciler.stores.kit.locks import SetLock, Term
from reconciler.stores.kubernetes import paths
from reconciler.stores.kubernetes.connection import MANAGER, Connection, retried
from reconciler.stores.kubernetes.sets import ClusterSet


@dataclass(frozen=True, slots=True)
class Lease(SetLock[Mapping[str, Any] | None]):
    """The lock of a set: the Lease `name` in `namespace`."""

    connection: Connection
    namespace: str
    name: str
    set_name: str

    @classmethod
    def of(cls, cluster_set: ClusterSet) -> Lease:
        """The Lease beside the parent of a set, of the same name."""
        key = cluster_set.key
        return cls(cluster_set.connection, key.namespace, key.name, cluster_set.name)

    def now(self) -> float:
        """The server's time where it differs from this machine's."""
        return self.connection.now()

    def looked_up(self) -> tuple[Lock | None, Mapping[str, Any] | None]:
        """The lock, and the Lease that was read."""
        try:
            document = mapping(self.connection.get(self._path, self._shown))
        except ObjectNotFound:
            return None, None
        return self._lock(document), document

    def written(self, version: Mapping[str, Any] | None, term: Term) -> bool:
        """Create the Lease, or replace the one that was read."""
        lease = self._lease(term)
        if version is None:
            return self._sent("POST", paths.leases(self.namespace), lease, ObjectExists)
        # Without the uid, a server would make a Lease anew that was removed meanwhile.
        lease["metadata"] |= self._version(version)
        return self._sent("PUT", self._path, lease, ObjectMoved, ObjectNotFound)

    def cleared(self, version: Mapping[str, Any] | None) -> bool:
        """Delete the Lease that was read."""
        if version is None:
            return True
        body = {"preconditions": self._version(version)}
        try:
            return self._sent("DELETE", self._path, body, ObjectMoved)
        except ObjectNotFound:
            return True

    @property
    def _shown(self) -> str:
        return f"the lock of the set {self.set_name!r}"

    @property
    def _path(self) -> str:
        return f"{paths.leases(self.namespace)}/{self.name}"

    def _sent(
        self, method: str, path: str, body: Mapping[str, Any], *too_late: type[StoreError]
    ) -> bool:
        """Make a request; false where the server refuses it as one that comes `too_late`."""
        query = {} if method == "DELETE" else {"fieldManager": MANAGER}
        try:
            retried(
                lambda: self.connection.request(method, path, self._shown, query=query, body=body)
            )
        except too_late:
            return False
        return True

    def _version(self, document: Mapping[str, Any]) -> dict[str, str]:
        """The uid and version of a Lease, by which a write changes that Lease and no other."""
        metadata = mapping(document.get("metadata"))
        try:
            return {name: metadata[name] for name in ("uid", "resourceVersion")}
        except KeyError:
            raise StoreError(f"{self._shown}: the API server's answer has no version") from None

    def _lease(self, term: Term) -> dict[str, Any]:
        duration = max(1, math.ceil(term.seconds))  # the API takes whole seconds, and no 0
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "holderIdentity": term.holder,
                "leaseDurationSeconds": duration,
                "acquireTime": _text(term.since),
                "renewTime": _text(term.until - duration),
            },
        }

    def _lock(self, document: Mapping[str, Any]) -> Lock | None:
        """The lock in a Lease; ``None`` where the Lease was released."""
        spec = mapping(document.get("spec"))
        holder = _holder(document)
        if not holder and spec.get("renewTime") is None:
            return None
        renewed = _seconds(spec.get("renewTime"))
        duration = moment(spec.get("leaseDurationSeconds"))
        return Lock(
            set_name=self.set_name,
            id=lock_id(mapping(document.get("metadata")).get("uid"), holder),
            holder=holder,
            since=_seconds(spec.get("acquireTime")),
            until=None if renewed is None or duration is None else moment(renewed + duration),
            read_at=self.connection.now(),
            renewed=renewed,
            clock=self.connection.clock,
        )


def _holder(document: Mapping[str, Any]) -> str:
    return str(mapping(document.get("spec")).get("holderIdentity") or "")


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
