"""What a store cannot do, and what that means for comparisons and for notes of a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.fields import (
    ANNOTATIONS,
    DATA,
    LABELS,
    METADATA,
    Fields,
    Leaf,
    flatten,
    leaf_text,
)
from reconciler.model.lifecycle import DEPENDS_ON, PREFIX
from reconciler.model.objects import SECRET, Live, Resource
from reconciler.model.plans import Action, FieldChange, FieldPath, Note, Reason
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import (
    AbsentValue,
    SecretValue,
    UnreadText,
    UnreadValue,
    ValueRef,
)
from reconciler.planning.records import FingerprintCheck

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
_UNKEYED = Note(
    "not-compared",
    "the fingerprint key is not at hand, so values cannot be compared, except encrypted ones by "
    "their ciphertexts; labels, annotations and settings of ServiceAccounts are compared by name, "
    "and taken to have the values in the manifests; what annotations of live objects ask for, such "
    "as reconciler/prevent-destroy, is not known",
)
_LABELS, _ANNOTATIONS = (METADATA, LABELS), (METADATA, ANNOTATIONS)
_LOST = Note(
    "values-lost",
    "this store never returns values: old ones that exist nowhere else are lost",
)


def recognised(live: Live, wanted: Resource, check: FingerprintCheck) -> Live:
    """`live` with what `wanted` has in place of what is unread and has the same fingerprint.

    After this, what is unread either differs or is unknowable. To a reader without the key, values
    are unknowable, and texts are taken to be those of `wanted`, which `notices` says.
    """
    if _has_unread(live.labels) or _has_unread(live.annotations) or _has_unread(live.settings):
        live = replace(
            live,
            labels=_recognised_texts(live, live.labels, wanted.labels, _LABELS, check),
            annotations=_recognised_texts(
                live, live.annotations, wanted.annotations, _ANNOTATIONS, check
            ),
            settings=_recognised_texts(live, live.settings, wanted.settings, (), check),
        )
    if UnreadValue not in map(type, live.data.values()):
        return live
    recognised = {
        key: _recognised_value(live, key, value, wanted.data[key], check)
        for key, value in live.data.items()
        if isinstance(value, UnreadValue) and value.fingerprint is not None and key in wanted.data
    }
    return replace(live, data={**live.data, **recognised}) if recognised else live


def _recognised_value(
    live: Live, key: str, value: UnreadValue, wanted: SecretValue, check: FingerprintCheck
) -> SecretValue:
    if check.unkeyed:
        return value if isinstance(wanted, AbsentValue) else UnreadValue(None)
    own = check.fingerprinter.of(live.namespace, (DATA, key), wanted)
    return wanted if own == value.fingerprint else value


def _has_unread(texts: Mapping[str, Leaf]) -> bool:
    return UnreadText in map(type, texts.values())


def _recognised_texts(
    live: Live,
    texts: Mapping[str, Leaf],
    wanted: Mapping[str, Leaf],
    group: FieldPath,
    check: FingerprintCheck,
) -> dict[str, Leaf]:
    def is_wanted(name: str, text: Leaf) -> bool:
        if name not in wanted or not isinstance(text, UnreadText):
            return False
        if check.unkeyed:
            return True
        own = check.fingerprinter.of(live.namespace, (*group, name), leaf_text(wanted[name]))
        return own == text.fingerprint

    return {name: wanted[name] if is_wanted(name, text) else text for name, text in texts.items()}


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
    if snapshot.unkeyed:
        yield _UNKEYED
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
