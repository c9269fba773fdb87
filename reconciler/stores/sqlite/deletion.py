"""Deletes what a cluster's controllers delete together with an object.

From Kubernetes v1.35: the namespace controller (content of a Namespace), the garbage collector
(pkg/controller/garbagecollector: dependents none of whose owners is left) and the tokens controller
(pkg/controller/serviceaccount: tokens of a ServiceAccount).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from reconciler.errors import ObjectInvalid
from reconciler.model.objects import (
    KINDS,
    LASTING_NAMESPACES,
    NAMESPACE,
    SERVICE_ACCOUNT,
    Live,
    ObjectKey,
    OwnerReference,
)
from reconciler.stores.sqlite.tables import Contents

_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_ACCOUNT_UID = "kubernetes.io/service-account.uid"


@dataclass(frozen=True, slots=True)
class Fall:
    """``gone`` are the objects that go, the first one included; ``changed`` lose an owner."""

    gone: tuple[Live, ...]
    changed: tuple[Live, ...]


def delete(contents: Contents, live: Live) -> None:
    """Delete `live` and what goes with it.

    Raises:
        ObjectInvalid: it may not be deleted, or something has a finalizer that holds it.
    """
    if live.kind == NAMESPACE and live.name in LASTING_NAMESPACES:
        raise ObjectInvalid(f"{live.key}: this namespace may not be deleted")
    fall = fall_of(contents, live)
    _refuse_finalizers(live, fall)
    for gone in fall.gone:
        contents.remove(gone.key)
        contents.remember_vanished(gone)
    for changed in fall.changed:
        contents.rewrite(changed)


def fall_of(contents: Contents, first: Live) -> Fall:
    """The objects that the deletion of `first` deletes or changes."""
    gone = {first.uid: first}
    changed: dict[str, Live] = {}
    waiting = [first]
    while waiting:
        fallen = waiting.pop()
        dependents = [live for live in _content(contents, fallen) if live.uid not in gone]
        for live in contents.owned_by(fallen.uid):
            left = tuple(owner for owner in live.owners if _stands(contents, live, owner, gone))
            if left:
                changed[live.uid] = dataclasses.replace(live, owners=left)
            elif live.uid not in gone:
                dependents.append(live)
        gone.update((live.uid, live) for live in dependents)
        waiting += dependents
    return Fall(
        gone=tuple(gone.values()),
        changed=tuple(live for uid, live in changed.items() if uid not in gone),
    )


def _content(contents: Contents, fallen: Live) -> list[Live]:
    if fallen.kind == NAMESPACE:
        return contents.inside(fallen.name)
    if fallen.kind == SERVICE_ACCOUNT:
        return [
            live
            for live in contents.tokens_in(fallen.namespace)
            if live.annotations.get(_ACCOUNT_NAME) == fallen.name
            and live.annotations.get(_ACCOUNT_UID, fallen.uid) in {"", fallen.uid}
        ]
    return []


def _stands(contents: Contents, live: Live, owner: OwnerReference, gone: dict[str, Live]) -> bool:
    if owner.uid in gone:
        return False
    if owner.api_version != "v1" or owner.kind not in KINDS:
        return True  # this store does not hold such objects, so it cannot know that it is gone
    namespace = "" if owner.kind == NAMESPACE else live.namespace
    row = contents.find(ObjectKey(owner.kind, namespace, owner.name))
    return row is not None and row.uid == owner.uid


def _refuse_finalizers(first: Live, fall: Fall) -> None:
    held = [live for live in fall.gone if live.finalizers]
    if held:
        names = ", ".join(f"{live.key} ({', '.join(live.finalizers)})" for live in held)
        raise ObjectInvalid(
            f"{first.key}: the deletion is held by finalizers of {names}",
            hint="nothing here would ever remove them: remove the finalizers first",
        )
