"""What became of what was applied, told apart from what the manifests have changed since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter

from reconciler.model.drift import (
    DriftReport,
    FieldDrift,
    FieldState,
    ObjectDrift,
    ObjectState,
    Pending,
)
from reconciler.model.fields import DATA, Fields, flatten, leaf_text
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.lifecycle import Lifecycle, lifecycle
from reconciler.model.objects import SECRET, Desired, Live, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import FieldPath, Note
from reconciler.model.store import Snapshot
from reconciler.planning.comparing import Compared, Comparison
from reconciler.planning.records import FingerprintCheck
from reconciler.planning.selection import lasting_notices, leftovers_of, superseded_by
from reconciler.planning.versions import comparison_of

_OTHER_KEY = Note(
    "fingerprint-key-differs",
    "what was applied last is recorded under another fingerprint key: give that key, or have an "
    "apply renew the records",
)
_FINGERPRINTS = "drift"
_WRITTEN = frozenset({FieldState.CHANGED, FieldState.ADDED, FieldState.UNKNOWABLE})


def drift(
    desired: Iterable[Desired], snapshot: Snapshot, set_name: str, *, unmanaged: bool = False
) -> DriftReport:
    """Hold the live objects of the set against the record of what was applied last.

    With `unmanaged`, Secrets of no set are listed too, in the namespaces where the set has any
    objects.
    """
    options = PlanOptions(set_name=set_name)
    comparison = comparison_of(desired, snapshot, options, Fingerprinter(b""))
    named = comparison.named
    leftovers = leftovers_of(comparison)
    # Old versions stay until nothing uses them, and nobody can delete what lasts.
    orphaned = {*leftovers} - superseded_by(leftovers, comparison).keys()
    orphaned -= dict(lasting_notices(leftovers, snapshot)).keys()
    objects = [_of_manifest(compared, comparison) for compared in comparison.compare_all(named)]
    objects += [_of_leftover(key, comparison, orphaned=key in orphaned) for key in leftovers]
    if unmanaged:
        namespaces = {key.namespace for key in (*named, *leftovers)} - {""}
        objects += _unmanaged(snapshot, namespaces, named=named.keys())
    readable = comparison.check.all_readable
    return DriftReport(
        store=snapshot.identity,
        set_name=set_name,
        objects=tuple(_identified(objects, snapshot)),
        notices=snapshot.notices if readable else (*snapshot.notices, _OTHER_KEY),
    )


def _identified(objects: Iterable[ObjectDrift], snapshot: Snapshot) -> Iterator[ObjectDrift]:
    """`objects`, sorted; those with drift have the uid of the live one."""
    for item in sorted(objects, key=attrgetter("key")):
        live = snapshot.objects.get(item.key) if item.kinds else None
        yield item if live is None else replace(item, uid=live.uid)


def _of_manifest(compared: Compared, comparison: Comparison) -> ObjectDrift:
    """The drift of an object that a manifest names."""
    key, live, source = compared.key, compared.live, compared.resource.source
    if live is None:
        return ObjectDrift(key, _absence(key, comparison.snapshot), source=source)
    if live.applied is None or live.applied.set_name != comparison.options.set_name:
        seen = _Seen(live, compared.before, comparison.check)
        unknowable = tuple(
            FieldDrift(path, FieldState.UNKNOWABLE, fingerprint=seen.fingerprint(path))
            for path in sorted(compared.wanted)
        )
        return ObjectDrift(
            key, ObjectState.UNKNOWABLE, unknowable, source=source, owner=live.owner_set
        )
    if compared.lifecycle.create_only:
        return ObjectDrift(key, ObjectState.IN_SYNC, source=source)
    fields = _fields(live, compared.before, compared.wanted, compared.lifecycle, comparison.check)
    return ObjectDrift(
        key,
        _state_of(fields),
        fields,
        source=source,
        owner=live.owner_set,
        replaced=bool(comparison.replace_reasons(compared)),
    )


def _of_leftover(key: ObjectKey, comparison: Comparison, *, orphaned: bool) -> ObjectDrift:
    """The drift of an object of the set that no manifest names."""
    live = comparison.snapshot.objects.get(key)
    if live is None:
        return ObjectDrift(key, _absence(key, comparison.snapshot))
    steering = lifecycle(live)
    if steering.create_only:
        return ObjectDrift(key, ObjectState.IN_SYNC, orphaned=orphaned)
    fields = _fields(live, flatten(live), None, steering, comparison.check)
    return ObjectDrift(key, _state_of(fields), fields, orphaned=orphaned, owner=live.owner_set)


def _absence(key: ObjectKey, snapshot: Snapshot) -> ObjectState:
    vanished = snapshot.vanished
    if key in snapshot.copies or (vanished is not None and key in vanished):
        return ObjectState.VANISHED
    return ObjectState.MISSING if vanished is None else ObjectState.PENDING


def _fields(
    live: Live,
    fields: Fields,
    wanted: Fields | None,
    steering: Lifecycle,
    check: FingerprintCheck,
) -> tuple[FieldDrift, ...]:
    """The fields that were applied, that the manifest now has, and keys of others, by path.

    `fields` are those of `live`; `wanted` is ``None`` where no manifest names the object.
    """
    applied = check.applied(live)
    data = {path for path in fields if path[0] == DATA}
    paths = {*applied, *data, *(wanted or ())}
    ignored = {path for path in paths if path[0] == DATA and steering.ignores(path[1])}
    seen = _Seen(live, fields, check)
    drifts = []
    for path in sorted(paths - ignored):
        state = check.state(path, live, fields, applied)
        pending = Pending.NONE
        if wanted is not None and not (path in applied and _is_generated(path, steering)):
            pending = check.pending(path, live, wanted, applied)
        written = state in _WRITTEN
        manager = live.managers.get(path, "") if written else ""
        fingerprint = seen.fingerprint(path) if written else ""
        drifts.append(FieldDrift(path, state, pending, manager, fingerprint))
    return tuple(drifts)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The `fields` of a live object, of which a later check is to tell whether they changed."""

    live: Live
    fields: Fields = field(repr=False)
    check: FingerprintCheck

    def fingerprint(self, path: FieldPath) -> str:
        """The fingerprint of a field or of its absence, bound to its object.

        A value that nobody can read is that of this version of the object. Without a key there is
        no fingerprint: everybody could test guesses of the value.
        """
        live, of = self.live, self.check.fingerprinter.of
        if not self.check.fingerprinter.key:
            return ""
        own = ""
        if path in self.fields:
            own = of(live.namespace, path, leaf_text(self.fields[path]))
            own = own or f"{live.uid} {live.resource_version}"
        return of(live.namespace, (_FINGERPRINTS, live.kind, live.name, *path), own)


def _is_generated(path: FieldPath, steering: Lifecycle) -> bool:
    """Whether no manifest holds the value of the field, so that none can have changed it."""
    return path[0] == DATA and steering.generates(path[1])


def _state_of(fields: Iterable[FieldDrift]) -> ObjectState:
    differing = {field.state for field in fields} - {FieldState.IN_SYNC}
    if not differing:
        return ObjectState.IN_SYNC
    if differing == {FieldState.UNKNOWABLE}:
        return ObjectState.UNKNOWABLE
    return ObjectState.DRIFTED


def _unmanaged(
    snapshot: Snapshot, namespaces: Collection[str], named: Collection[ObjectKey]
) -> list[ObjectDrift]:
    free = {key for key, live in snapshot.objects.items() if live.owner_set is None}
    free |= {key for key, other in snapshot.bystanders.items() if other.set_name is None}
    return [
        ObjectDrift(key, ObjectState.UNMANAGED)
        for key in free - {*named}
        if key.kind == SECRET and key.namespace in namespaces
    ]
