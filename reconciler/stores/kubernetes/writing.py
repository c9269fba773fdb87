"""Writes to a cluster: each one once, however often it has to be asked for.

A write whose answer was lost is remembered, so that when it is made again and refused for having
been done already, it is looked at before it counts as a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.errors import (
    ObjectExists,
    ObjectInvalid,
    ObjectMoved,
    ObjectNotFound,
    StoreError,
    StoreUnavailable,
)
from reconciler.model.objects import SECRET, SERVICE_ACCOUNT, Applied, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Precondition
from reconciler.model.values import SecretValue
from reconciler.stores.kubernetes import answers, copies, paths, waits, wire
from reconciler.stores.kubernetes.connection import JSON, JSON_PATCH, MANAGER, Answer, Connection
from reconciler.stores.kubernetes.faults import Unprocessable
from reconciler.stores.kubernetes.found import Found
from reconciler.stores.naming import drawn_name

_NAME_DRAWS = 8
_NO_NAMESPACE = "create the namespace first, or add its manifest"
_IDENTITY = frozenset({"apiVersion", "kind", "metadata"})
_GIVEN = ("labels", "annotations", "finalizers", "ownerReferences")


class Writer:
    """See `reconciler.model.store.Store` for its methods; `set_id` gives the id of a set."""

    def __init__(self, connection: Connection, set_id: Callable[[str], str]) -> None:
        self._connection = connection
        self._set_id = set_id
        self._maps: dict[ObjectKey, tuple[str, ...]] = {}
        self._data: dict[ObjectKey, Mapping[str, SecretValue]] = {}
        self._copied: set[ObjectKey] = set()
        self._leftovers: set[ObjectKey] = set()
        self._unsure: set[ObjectKey] = set()
        self._drawn: dict[tuple[ObjectKey, str], str] = {}

    def has_read(self, found: Found) -> None:
        """Take over what a read has found: the maps that objects have, and what has a copy."""
        self._maps.update(found.maps)
        self._copied.update(found.copies)
        for live in (*found.objects.values(), *found.copies.values()):
            self._data[live.key] = live.data
        self._leftovers = found.leftovers

    def tidy(self) -> None:
        """Drop the copies that interrupted applies have left of objects that live."""
        while self._leftovers:
            self._drop_if_possible(self._leftovers.pop())

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """Create `resource`, under a name that is drawn here where the server would draw one.

        So a create that is made again after its answer was lost makes no second object.
        """
        if resource.name:
            return self._create(resource, applied, dry_run=dry_run)
        drawn = (resource.key, resource.generate_name)
        for _ in range(_NAME_DRAWS):
            name = self._drawn.setdefault(drawn, drawn_name(resource.generate_name))
            named = replace(resource, key=resource.key._replace(name=name))
            try:
                live = self._create(named, applied, dry_run=dry_run)
            except StoreUnavailable:
                raise
            except ObjectExists:
                self._drawn.pop(drawn, None)
                continue
            except StoreError:
                self._drawn.pop(drawn, None)
                raise
            self._drawn.pop(drawn, None)
            return live
        raise ObjectExists(
            f"{resource.key}: every name drawn for {resource.generate_name!r} is taken",
            hint="try again, or use a longer generateName",
        )

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied,
        precondition: Precondition,
        *,
        dry_run: bool = False,
    ) -> Live:
        """Send `patch`, led by the uid and the resource version that must still hold."""
        maps = self._maps_of(key, look=wire.removes_map(patch))
        steps = wire.patch(patch, applied, self._set_id(applied.set_name), precondition, maps)
        try:
            answer = self._write("PATCH", key, steps, wire.values_in(patch), dry_run=dry_run)
        except (ObjectMoved, Unprocessable) as error:
            document = self._connection.get(paths.of(key), str(key))
            if key in self._unsure and answers.holds(document, steps):
                return self._done(key, document, ())
            raise answers.moved(key, document, precondition) or ObjectInvalid(
                error.message, hint=error.hint
            ) from None
        return self._done(key, answer.json(), answer.warnings, dry_run=dry_run)

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition,
        *,
        keep_copy: bool = False,
        dry_run: bool = False,
    ) -> str:
        """Delete the object where it still is what the plan saw."""
        if keep_copy and not dry_run:
            document = self._to_be_copied(key, precondition)
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
        except ObjectNotFound:
            if key not in self._unsure:
                raise
            self._unsure.discard(key)
            return ""
        except ObjectMoved as error:
            document = self._connection.get(paths.of(key), str(key))
            same = document["metadata"]["uid"] == precondition.uid
            if same and document["metadata"].get("deletionTimestamp"):
                return waits.deletion(document, key.kind)
            raise answers.moved(key, document, precondition) or error from None
        self._unsure.discard(key)
        return "" if dry_run else waits.deletion(answers.deleted(answer), key.kind)

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy kept of `key`, where there is one."""
        if key.kind == SECRET:
            copies.drop(self._connection, key, self._values_of(key))
        self._copied.discard(key)

    def _create(self, resource: Resource, applied: Applied | None, *, dry_run: bool) -> Live:
        key = resource.key
        set_id = "" if applied is None else self._set_id(applied.set_name)
        body = wire.body(resource, applied, set_id)
        try:
            answer = self._write(
                "POST", key, body, wire.values_in(tuple(resource.data.values())), dry_run=dry_run
            )
        except ObjectExists:
            document = None if dry_run else self._own(key, body)
            if document is None:
                raise
            return self._done(key, document, ())
        except ObjectNotFound as error:
            raise ObjectNotFound(error.message, hint=_NO_NAMESPACE) from None
        return self._done(key, answer.json(), answer.warnings, dry_run=dry_run)

    def _own(self, key: ObjectKey, body: dict[str, Any]) -> Any:
        """The object that is in the way of a create, where it may be taken for the created one.

        It may, where an answer of our own was lost, and where the cluster has made a
        ServiceAccount by itself, as each namespace is given one.
        """
        document = self._connection.get(paths.of(key), str(key))
        if key in self._unsure and answers.contains(document, body):
            return document
        if key.kind == SERVICE_ACCOUNT and key.name == "default" and _is_automatic(document):
            return self._taken_over(key, document, body)
        return None

    def _taken_over(self, key: ObjectKey, document: Any, body: dict[str, Any]) -> Any:
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
        """One write; where its answer is lost, it is remembered that it may have been done."""
        query = {"fieldManager": MANAGER, "dryRun": "All"} if dry_run else {"fieldManager": MANAGER}
        path = paths.collection(key.kind, key.namespace) if method == "POST" else paths.of(key)
        try:
            return self._connection.request(
                method,
                path,
                str(key),
                query={} if method == "DELETE" else query,
                body=body,
                content_type=JSON_PATCH if method == "PATCH" else JSON,
                values=(*values, *self._values_of(key)),
            )
        except StoreUnavailable:
            if not dry_run:
                self._unsure.add(key)
            raise

    def _done(
        self,
        key: ObjectKey,
        document: Any,
        warnings: tuple[str, ...],
        *,
        dry_run: bool = False,
    ) -> Live:
        live = wire.live(document, key.kind)
        if dry_run:
            return replace(live, warnings=warnings)
        self._unsure.discard(key)
        self._maps[key] = wire.maps_of(document)
        if key in self._copied:
            warnings = (*warnings, *self._drop_if_possible(key))
        return replace(live, warnings=warnings, unfinished=waits.creation(document, key.kind))

    def _drop_if_possible(self, key: ObjectKey) -> tuple[str, ...]:
        """Drop the copy of an object that lives; a warning where that fails for now."""
        try:
            self.drop_copy(key)
        except StoreError as error:
            return (f"the copy of the old object is not deleted yet: {error.message}",)
        return ()

    def _values_of(self, key: ObjectKey) -> tuple[SecretValue, ...]:
        """What the object held when it was read: a refusal may quote that, too."""
        return tuple(self._data.get(key, {}).values())

    def _maps_of(self, key: ObjectKey, *, look: bool) -> Mapping[str, Iterable[str]]:
        """The maps of the live object: as they were read, or looked up where they were not."""
        if look or key not in self._maps:
            document = self._connection.get(paths.of(key), str(key))
            return wire.names_in_maps(document)
        return dict.fromkeys(self._maps[key], ())

    def _to_be_copied(self, key: ObjectKey, precondition: Precondition) -> Any:
        """The object, of which a copy is kept now; ``None`` where it is deleted and has one."""
        try:
            document = self._connection.get(paths.of(key), str(key))
        except ObjectNotFound:
            kept = copies.find(self._connection, key) if key in self._unsure else None
            if kept is None or kept.uid != precondition.uid:
                raise
            self._copied.add(key)
            return None
        being_deleted = document["metadata"].get("deletionTimestamp")
        moved = answers.moved(key, document, precondition)
        if moved is not None and not (being_deleted and answers.is_same(document, precondition)):
            raise moved
        copies.keep(self._connection, document)
        self._copied.add(key)
        return document


def _is_automatic(document: Any) -> bool:
    """Whether a ServiceAccount is as its controller makes one, and nobody has touched it."""
    metadata = document["metadata"]
    touched = set(document) - _IDENTITY
    return not touched and not any(metadata.get(name) for name in _GIVEN)
