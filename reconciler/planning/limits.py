"""What a store cannot do, and what that means for comparisons and for notes of a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.fields import ANNOTATIONS, DATA, METADATA, Fields, flatten
from reconciler.model.lifecycle import DEPENDS_ON, PREFIX
from reconciler.model.objects import SECRET, Live, Resource
from reconciler.model.plans import Action, FieldChange, FieldPath, Note, Reason
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import Fingerprinter, SecretValue, UnreadValue, ValueRef

_NO_METADATA = Note(
    "metadata-not-kept",
    "this store keeps no labels, annotations, finalizers or owners: those in the manifests are "
    "ignored, except that annotations under reconciler/ still take effect",
)
_BEST_EFFORT = Note(
    "preconditions-best-effort",
    "this store has no conditional writes: each object is read again just before it is changed, "
    "and a change that somebody else makes after that is overwritten",
)
_LOST = Note(
    "values-lost",
    "this store never returns values: old ones that exist nowhere else are lost",
)


def recognised(live: Live, wanted: Mapping[str, SecretValue], records: Fingerprinter) -> Live:
    """`live` with the values of `wanted` in place of unread ones that have their fingerprints.

    After this, an unread value either differs or is unknowable.
    """
    if UnreadValue not in map(type, live.data.values()):
        return live
    recognised = {
        key: wanted[key]
        for key, value in live.data.items()
        if isinstance(value, UnreadValue)
        and value.fingerprint is not None
        and key in wanted
        and records.of(live.namespace, (DATA, key), wanted[key]) == value.fingerprint
    }
    return replace(live, data={**live.data, **recognised}) if recognised else live


def kept_fields(resource: Resource, capabilities: Collection[Capability]) -> Fields:
    """The fields of `resource` that a store with these capabilities keeps."""
    fields = flatten(resource)
    if Capability.METADATA in capabilities:
        return fields
    return {path: leaf for path, leaf in fields.items() if path[0] != METADATA}


def replace_reasons(changed: Collection[FieldPath], snapshot: Snapshot) -> Iterator[Reason]:
    """Why this store cannot make these changes in place, though others can."""
    if Capability.UPDATE_VALUES not in snapshot.capabilities and any(
        path[0] == DATA for path in changed
    ):
        yield Reason.VALUES
    fixed = {(METADATA, ANNOTATIONS, name) for name in snapshot.fixed_annotations}
    if not fixed.isdisjoint(changed):
        yield Reason.FIXED


def notices(desired: Iterable[Resource], snapshot: Snapshot) -> Iterator[Note]:
    """The notes on this store that a plan has once, whatever it changes."""
    if Capability.METADATA not in snapshot.capabilities and any(map(_loses_metadata, desired)):
        yield _NO_METADATA
    if Capability.PRECONDITIONS not in snapshot.capabilities:
        yield _BEST_EFFORT


def loss(
    kind: str, action: Action, fields: Iterable[FieldChange], snapshot: Snapshot
) -> tuple[Note, ...]:
    """The note of a change that destroys values which cannot be read."""
    if Capability.READ_VALUES in snapshot.capabilities or kind != SECRET:
        return ()
    unread = any(isinstance(field.before, ValueRef) and field.before.unread for field in fields)
    return (_LOST,) if action is Action.DELETE or unread else ()


def _loses_metadata(resource: Resource) -> bool:
    steering = {name for name in resource.annotations if name.startswith(PREFIX)} | {DEPENDS_ON}
    return bool(
        resource.labels
        or resource.finalizers
        or resource.owners
        or resource.annotations.keys() - steering
    )
