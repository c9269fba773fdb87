"""Writes to a cluster, with the parts of earlier reads that they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.errors import (
    ObjectExists,
    ObjectInvalid,
    ObjectMoved,
    ObjectNotFound,
    StoreError,
)
from reconciler.model.objects import SECRET, SERVICE_ACCOUNT, Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.values import SecretValue
from reconciler.stores.kit import refusals
from reconciler.stores.kubernetes import copies, paths, sets, waits, wire
from reconciler.stores.kubernetes.connection import JSON, JSON_PATCH, MANAGER, Answer, Connection
from reconciler.stores.kubernetes.echoes import echoed
from reconciler.stores.kubernetes.faults import Unprocessable
from reconciler.stores.kubernetes.reads import ClusterRead

_NO_NAMESPACE = "create the namespace first, or add its manifest"
_IDENTITY = frozenset({"apiVersion", "kind", "metadata"})
_GIVEN = ("labels", "annotations", "finalizers", "ownerReferences")


class Writer:
    """The writes of one session, or of one trial; see `reconciler.model.store.Session`.

    Sets have their records in `set_namespace`.
    """

    def __init__(self, connection: Connection, set_namespace: str) -> None:
        self._connection = connection
        self._set_namespace = set_namespace
        self._maps: dict[ObjectKey, tuple[str, ...]] = {}
        self._data: dict[ObjectKey, Mapping[str, SecretValue]] = {}
        self._copied: set[ObjectKey] = set()
        self._leftovers: set[ObjectKey] = set()

    def has_read(self, result: ClusterRead) -> None:
        """Remember the result of a read: the maps of each object, and which have a copy."""
        self._maps.update(result.maps)
        self._copied.update(result.copies)
        for live in (*result.objects.values(), *result.copies.values()):
            self.has_seen(live)
        self._leftovers = result.leftovers

    def has_seen(self, live: Live) -> None:
        """Remember the values of `live`: a refusal may quote them."""
        self._data[live.key] = live.data

    def tidy(self) -> None:
        """Drop the copies that interrupted applies left of objects that exist."""
        while self._leftovers:
            self._drop_if_possible(self._leftovers.pop())

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """Create `resource`, and take over a ServiceAccount that the cluster has made by itself."""
        key = resource.key
        body = wire.body(resource, applied, self._id_of(applied))
        try:
            answer = self._write("POST", key, body, resource.data.values(), dry_run=dry_run)
        except ObjectExists:
            document = None if dry_run else self._taken_over(key, body)
            if document is None:
                raise
            return self._done(key, document, ())
        except ObjectNotFound as error:
            raise ObjectNotFound(error.message, hint=_NO_NAMESPACE) from None
        document = answer.json()
        live = echoed(document, body, resource, applied)
        return self._done(key, document, answer.warnings, dry_run=dry_run, live=live)

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
        *,
        dry_run: bool = False,
    ) -> Live:
        """Send `patch`, preceded by the uid and the resource version that must still hold."""
        maps = self._maps_of(key, look=wire.removes_map(patch))
        steps = wire.patch(patch, applied, self._id_of(applied), precondition, maps)
        try:
            answer = self._write("PATCH", key, steps, wire.values_in(patch), dry_run=dry_run)
        except (ObjectMoved, Unprocessable) as error:
            document = self._connection.get(paths.of(key), str(key))
            raise _moved(key, document, precondition) or ObjectInvalid(
                error.message, hint=error.hint
            ) from None
        return self._done(key, answer.json(), answer.warnings, dry_run=dry_run)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition,
        *,
        copy_for: str | None = None,
        dry_run: bool = False,
    ) -> str:
        """Delete the object where it still is what the plan saw, with a copy for a set."""
        if copy_for is not None and not dry_run:
            document = self._to_be_copied(key, precondition, copy_for)
            if document is None:
                return ""
            if document["metadata"].get("deletionTimestamp"):
                return waits.deletion(document, key.kind)
        seen = {"uid": precondition.uid, "resourceVersion": precondition.resource_version}
        body: dict[str, Any] = {"preconditions": seen, "propagationPolicy": "Background"}
        if dry_run:  # the server does not look at the query where a delete has a body
            body["dryRun"] = ["All"]
        try:
            answer = self._write("DELETE", key, body, (), dry_run=dry_run)
        except ObjectMoved as error:
            document = self._connection.get(paths.of(key), str(key))
            same = document["metadata"]["uid"] == precondition.uid
            if same and document["metadata"].get("deletionTimestamp"):
                return waits.deletion(document, key.kind)
            raise _moved(key, document, precondition) or error from None
        return "" if dry_run else waits.deletion(_deleted(answer), key.kind)

    def look(self, key: ObjectKey) -> Live | None:
        """The object as it is now."""
        try:
            document = self._connection.get(paths.of(key), str(key))
        except ObjectNotFound:
            return None
        return self._seen(key, document, wire.live(document, key.kind))

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy of `key`, if there is one."""
        if key.kind == SECRET:
            copies.drop(self._connection, key, self._values_of(key))
        self._copied.discard(key)

    def _taken_over(self, key: ObjectKey, body: dict[str, Any]) -> Any:
        """Update the ServiceAccount that the cluster creates in each namespace to `body`.

        ``None`` where the object is another one, or somebody has changed it.
        """
        if key.kind != SERVICE_ACCOUNT or key.name != "default":
            return None
        document = self._connection.get(paths.of(key), str(key))
        if not _is_automatic(document):
            return None
        seen = document["metadata"]
        lead = wire.preconditions(Precondition(seen["uid"], seen["resourceVersion"]))
        metadata = {name: part for name, part in body["metadata"].items() if name in _GIVEN}
        rest = {name: part for name, part in body.items() if name not in _IDENTITY}
        given = {f"/metadata/{name}": part for name, part in metadata.items()}
        given |= {f"/{name}": part for name, part in rest.items()}
        steps = [{"op": "add", "path": path, "value": part} for path, part in given.items()]
        return self._write("PATCH", key, [*lead, *steps], ()).json()

    def _write(
        self,
        method: str,
        key: ObjectKey,
        body: Any,
        values: Iterable[SecretValue],
        *,
        dry_run: bool = False,
    ) -> Answer:
        query = {"fieldManager": MANAGER, "dryRun": "All"} if dry_run else {"fieldManager": MANAGER}
        path = paths.collection(key.kind, key.namespace) if method == "POST" else paths.of(key)
        return self._connection.request(
            method,
            path,
            str(key),
            query={} if method == "DELETE" else query,
            body=body,
            content_type=JSON_PATCH if method == "PATCH" else JSON,
            values=(*values, *self._values_of(key)),
        )

    def _done(
        self,
        key: ObjectKey,
        document: Any,
        warnings: tuple[str, ...],
        *,
        dry_run: bool = False,
        live: Live | None = None,
    ) -> Live:
        live = live or wire.live(document, key.kind)
        if not dry_run:
            live = self._seen(key, document, live)
            if key in self._copied:
                warnings = (*warnings, *self._drop_if_possible(key))
        return replace(live, warnings=warnings) if warnings else live

    def _seen(self, key: ObjectKey, document: Any, live: Live) -> Live:
        self._maps[key] = wire.maps_of(document)
        unfinished = waits.creation(document, key.kind)
        return replace(live, unfinished=unfinished) if unfinished else live

    def _drop_if_possible(self, key: ObjectKey) -> tuple[str, ...]:
        """Drop the copy of an existing object; a warning where that fails."""
        try:
            self.drop_copy(key)
        except StoreError as error:
            return (f"the copy of the old object is not deleted yet: {error.message}",)
        return ()

    def _id_of(self, applied: Applied | None) -> str:
        return "" if applied is None else sets.id_of(applied.set_name, self._set_namespace)

    def _values_of(self, key: ObjectKey) -> tuple[SecretValue, ...]:
        """The values that the object had when it was read: a refusal may quote those too."""
        return tuple(self._data.get(key, {}).values())

    def _maps_of(self, key: ObjectKey, *, look: bool) -> Mapping[str, Iterable[str]]:
        """The maps of the live object: as they were read, or looked up where they were not."""
        if look or key not in self._maps:
            document = self._connection.get(paths.of(key), str(key))
            return wire.names_in_maps(document)
        return dict.fromkeys(self._maps[key], ())

    def _to_be_copied(self, key: ObjectKey, precondition: Precondition, set_name: str) -> Any:
        """The object, of which a copy is kept now; ``None`` where it is deleted and has one."""
        try:
            document = self._connection.get(paths.of(key), str(key))
        except ObjectNotFound:
            kept = copies.find(self._connection, key)
            if kept is None or kept.uid != precondition.uid:
                raise
            self._copied.add(key)
            return None
        being_deleted = document["metadata"].get("deletionTimestamp")
        refusal = _moved(key, document, precondition)
        same = document["metadata"]["uid"] == precondition.uid
        if refusal is not None and not (being_deleted and same):
            raise refusal
        set_id = sets.id_of(set_name, self._set_namespace)
        copies.keep(self._connection, wire.moved_to(document, set_name, set_id))
        self._copied.add(key)
        return document


def _moved(key: ObjectKey, document: Any, precondition: Precondition) -> ObjectMoved | None:
    uid, version = (document["metadata"][name] for name in ("uid", "resourceVersion"))
    return refusals.precondition_error(key, uid, version, precondition)


def _deleted(answer: Answer) -> Any:
    """The object whose deletion is in progress; a Status says that it is gone at once."""
    document = answer.json()
    return {} if document.get("kind") == "Status" else document


def _is_automatic(document: Any) -> bool:
    """Whether a ServiceAccount is as its controller creates it, and unchanged since."""
    metadata = document["metadata"]
    touched = set(document) - _IDENTITY
    return not touched and not any(metadata.get(name) for name in _GIVEN)
