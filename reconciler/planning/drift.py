"""What became of what was applied, told apart from what the manifests have changed since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.drift import (
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.objects import SECRET, Desired, Live, ObjectKey
from reconciler.model.plans import FieldPath, Note, PlanOptions
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import Fingerprinter, UnreadValue
from reconciler.planning.fields import DATA, TYPE, Fields, flatten, leaf_text, version_mark
from reconciler.planning.lifecycle import Lifecycle, lifecycle
from reconciler.planning.limits import kept_fields
from reconciler.planning.naming import named_objects
from reconciler.planning.owners import owner_uids, understood_record, with_owner_uids
from reconciler.planning.ownership import is_of_key
from reconciler.planning.selection import lasting_notices, leftovers_of, superseded_by

_OTHER_KEY = Note(
    "fingerprint-key-differs",
    "what was applied last is recorded under another fingerprint key: give that key, or have an "
    "apply renew the records",
)
_WRITTEN = frozenset({FieldState.CHANGED, FieldState.ADDED, FieldState.UNKNOWABLE})


def drift(
    desired: Iterable[Desired], snapshot: Snapshot, set_name: str, *, unmanaged: bool = False
) -> DriftReport:
    """Hold the live objects of the set against the record of what was applied last.

    With `unmanaged`, Secrets of no set are listed too, in the namespaces where the set has any
    objects.
    """
    records = Fingerprinter(snapshot.fingerprint_key or b"")
    named = named_objects(desired, snapshot, set_name, records)
    leftovers = leftovers_of(named, snapshot, PlanOptions(set_name=set_name))
    # Old versions stay until nothing uses them, and nobody can delete what lasts.
    orphaned = {*leftovers} - superseded_by(leftovers, named, snapshot).keys()
    orphaned -= dict(lasting_notices(leftovers, snapshot)).keys()
    readable = all(
        is_of_key(live.applied.fields, {TYPE: live.type}, live.namespace, records)
        for live in snapshot.objects.values()
        if live.applied is not None and live.applied.set_name == set_name
    )
    check = _Check(snapshot, named, set_name, records, orphaned, readable)
    known = {*named, *leftovers}
    found = [check.object(key, named.get(key)) for key in known]
    if unmanaged:
        namespaces = {key.namespace for key in known} - {""}
        found += _unmanaged(snapshot, namespaces, known=named.keys())
    return DriftReport(
        store=snapshot.identity,
        set_name=set_name,
        objects=tuple(sorted(found, key=lambda one: one.key)),
        notices=snapshot.notices if readable else (*snapshot.notices, _OTHER_KEY),
    )


@dataclass(frozen=True, slots=True)
class _Check:
    snapshot: Snapshot
    named: Mapping[ObjectKey, Desired]
    set_name: str
    fingerprinter: Fingerprinter
    orphaned: Collection[ObjectKey]
    readable: bool

    def object(self, key: ObjectKey, resource: Desired | None) -> ObjectDrift:
        live = self.snapshot.objects.get(key)
        source = None if resource is None else resource.source
        if live is None:
            return ObjectDrift(key, self._absence(key), source=source)
        if live.applied is None or live.applied.set_name != self.set_name:
            wanted = {} if resource is None else self._kept(resource)
            unknown = tuple(FieldDrift(path, FieldState.UNKNOWABLE) for path in sorted(wanted))
            return ObjectDrift(key, ObjectState.UNKNOWABLE, unknown, source=source)
        orphaned = key in self.orphaned
        steering = lifecycle(live if resource is None else resource)
        if steering.create_only:
            return ObjectDrift(key, ObjectState.IN_SYNC, orphaned=orphaned, source=source)
        fields = tuple(
            sorted(
                self._fields(
                    live,
                    understood_record(live, self.fingerprinter),
                    None
                    if resource is None
                    else self._kept(resource) | version_mark(key, resource),
                    steering,
                ),
                key=lambda one: one.path,
            )
        )
        return ObjectDrift(
            key,
            _state_of({one.state for one in fields} - {FieldState.IN_SYNC}),
            fields,
            orphaned=orphaned,
            source=source,
        )

    def _absence(self, key: ObjectKey) -> ObjectState:
        vanished = self.snapshot.vanished
        if key in self.snapshot.copies or (vanished is not None and key in vanished):
            return ObjectState.VANISHED
        return ObjectState.MISSING if vanished is None else ObjectState.PENDING

    def _fields(
        self,
        live: Live,
        applied: Mapping[FieldPath, str],
        wanted: Fields | None,
        steering: Lifecycle,
    ) -> Iterator[FieldDrift]:
        """The fields that were applied, that the manifest now has, and keys of others."""
        found = flatten(live)
        ignored = {
            path
            for path in (*found, *(wanted or ()))
            if path[0] == DATA and steering.ignores(path[1])
        }
        added = {path for path in found if path[0] == DATA and path not in applied}
        for path in {*applied, *added, *(wanted or ())} - ignored:
            state = self._state(path, live.namespace, found, applied)
            yield FieldDrift(
                path,
                state,
                Pending.NONE
                if wanted is None
                else self._pending(path, live.namespace, wanted, applied),
                live.managers.get(path, "") if state in _WRITTEN else "",
            )

    def _state(
        self,
        path: FieldPath,
        namespace: str,
        found: Fields,
        applied: Mapping[FieldPath, str],
    ) -> FieldState:
        if path not in applied:
            added = path[0] == DATA and path in found
            return FieldState.ADDED if added else FieldState.IN_SYNC
        if path not in found:
            return FieldState.REMOVED
        value = found[path]
        if isinstance(value, UnreadValue) and value.fingerprint is None:
            return FieldState.UNKNOWABLE
        if self._fingerprint(path, namespace, found) == applied[path]:
            return FieldState.IN_SYNC
        return FieldState.CHANGED if self.readable else FieldState.UNKNOWABLE

    def _pending(
        self,
        path: FieldPath,
        namespace: str,
        wanted: Fields,
        applied: Mapping[FieldPath, str],
    ) -> Pending:
        if path not in wanted:
            return Pending.REMOVE if path in applied else Pending.NONE
        same = self._fingerprint(path, namespace, wanted) == applied.get(path)
        unknown = path in applied and not self.readable
        return Pending.NONE if same or unknown else Pending.SET

    def _kept(self, resource: Desired) -> Fields:
        fields = kept_fields(resource, self.snapshot.capabilities)
        if not resource.owners or Capability.METADATA not in self.snapshot.capabilities:
            return fields
        uids = owner_uids(resource, self.named, self.snapshot.objects)
        return with_owner_uids(resource, fields, uids)

    def _fingerprint(self, path: FieldPath, namespace: str, fields: Fields) -> str:
        return self.fingerprinter.of(namespace, path, leaf_text(fields[path]))


def _state_of(differing: set[FieldState]) -> ObjectState:
    if not differing:
        return ObjectState.IN_SYNC
    if differing == {FieldState.UNKNOWABLE}:
        return ObjectState.UNKNOWABLE
    return ObjectState.DRIFTED


def _owner(live: Live) -> str | None:
    return None if live.applied is None else live.applied.set_name


def _unmanaged(
    snapshot: Snapshot, namespaces: Iterable[str], known: Iterable[ObjectKey]
) -> list[ObjectDrift]:
    free = {key for key, live in snapshot.objects.items() if _owner(live) is None}
    free |= {key for key, other in snapshot.bystanders.items() if other.set_name is None}
    places = set(namespaces)
    return [
        ObjectDrift(key, ObjectState.UNMANAGED)
        for key in free - set(known)
        if key.kind == SECRET and key.namespace in places
    ]
