"""What a snapshot file holds, and how a store's answer becomes that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.consumers import Consumer
from reconciler.model.fields import ANNOTATIONS, DATA, LABELS, METADATA, leaf_text
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.lifecycle import VERSION_OF
from reconciler.model.objects import NAMESPACE, Bystander, Live, ObjectKey
from reconciler.model.plans import FieldPath
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.values import UnreadText, UnreadValue
from reconciler.rules import hashed_base


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject:
    """An object whose values and texts are unread.

    ``version_of`` is the name that its name was made from, where it is a version: of this tool, or
    one whose name kustomize ends in a hash.
    """

    live: Live
    version_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of the store ``scheme`` for the set ``set_name``.

    ``created`` is in RFC 3339, ``commit`` that of the manifests, or empty. The rest is as in
    `reconciler.model.store.Snapshot`.
    """

    created: str
    commit: str
    set_name: str
    scheme: str
    capabilities: frozenset[Capability]
    objects: tuple[SeenObject, ...] = ()
    copies: tuple[SeenObject, ...] = ()
    bystanders: tuple[Bystander, ...] = ()
    vanished: frozenset[ObjectKey] | None = None
    consumers: tuple[Consumer, ...] | None = None
    unseen: frozenset[str] = frozenset()
    fixed_annotations: frozenset[str] = field(default_factory=frozenset)


def seen_of(
    snapshot: Snapshot, scope: Scope, fingerprinter: Fingerprinter, *, created: str, commit: str
) -> Seen:
    """`snapshot`, which was read for `scope`, without values.

    Of other objects, only those are kept that are near: in a namespace of the set or its manifests,
    or referred to.
    """
    wanted = {
        key: live for key, live in snapshot.objects.items() if scope.wants(key, live.owner_set)
    }
    near = {key.namespace for key in (*wanted, *scope.keys) if key.namespace}
    others = {
        **snapshot.bystanders,
        **{key: Bystander.of(live) for key, live in snapshot.objects.items() if key not in wanted},
    }
    return Seen(
        created=created,
        commit=commit,
        set_name=scope.set_name,
        scheme=snapshot.identity.scheme,
        capabilities=snapshot.capabilities,
        objects=_objects(wanted, fingerprinter),
        copies=_objects(snapshot.copies, fingerprinter),
        bystanders=tuple(
            other
            for key, other in sorted(others.items())
            if key.namespace in near
            or key in scope.references
            or (key.kind == NAMESPACE and key.name in near)
        ),
        vanished=snapshot.vanished,
        consumers=snapshot.consumers,
        unseen=snapshot.unseen,
        fixed_annotations=snapshot.fixed_annotations,
    )


def _objects(
    lives: Mapping[ObjectKey, Live], fingerprinter: Fingerprinter
) -> tuple[SeenObject, ...]:
    return tuple(_seen(lives[key], fingerprinter) for key in sorted(lives))


def _seen(live: Live, fingerprinter: Fingerprinter) -> SeenObject:
    def text(path: FieldPath, leaf: object) -> UnreadText:
        return UnreadText(fingerprinter.of(live.namespace, path, leaf_text(leaf)))

    unread = replace(
        live,
        labels={name: text((METADATA, LABELS, name), each) for name, each in live.labels.items()},
        annotations={
            name: text((METADATA, ANNOTATIONS, name), each)
            for name, each in live.annotations.items()
        },
        settings={name: text((name,), each) for name, each in live.settings.items()},
        data={
            name: UnreadValue(fingerprinter.of(live.namespace, (DATA, name), value) or None)
            for name, value in live.data.items()
        },
        resource_version="",
        managers={},
    )
    return SeenObject(live=unread, version_of=_version_of(live))


def _version_of(live: Live) -> str:
    """The name that the object's name was made from; empty where it is no version.

    The annotation of a version repeats that name. Where it does not, somebody has put something
    else there.
    """
    if VERSION_OF in live.annotations:
        base = live.annotations[VERSION_OF]
        return base if base and live.name.startswith(f"{base}-") else ""
    applied = {} if live.applied is None else live.applied.fields
    return hashed_base(
        live, {name: value for name, value in live.data.items() if (DATA, name) in applied}
    )
