"""Which live object belongs to a manifest whose name does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.lifecycle import REPLACE, VERSION_OF, lifecycle
from reconciler.model.objects import SECRET, Desired, Live, ObjectKey, Resource
from reconciler.model.plans import UNBORN
from reconciler.model.store import Snapshot


def named_objects(
    desired: Iterable[Desired], snapshot: Snapshot, set_name: str
) -> dict[ObjectKey, Desired]:
    """Desired objects by key; with ``generateName``, the key of the live object made from it.

    Before that object exists, the name is ``PREFIX*``, which is not a valid name.
    """
    generated = [
        live
        for live in {**snapshot.copies, **snapshot.objects}.values()
        if live.generate_name and live.applied and live.applied.set_name == set_name
    ]
    generated.sort(key=lambda live: (live.key in snapshot.objects, live.created, live.key))
    key_of_prefix = {
        (live.kind, live.namespace, live.generate_name): live.key for live in generated
    }
    named: dict[ObjectKey, Desired] = {}
    for resource in desired:
        key = resource.key
        if not resource.name:
            prefix = (resource.kind, resource.namespace, resource.generate_name)
            not_created = key._replace(name=f"{resource.generate_name}{UNBORN}")
            key = key_of_prefix.get(prefix, not_created)
        named[key] = resource
    return named


def renamed_keys(named: Mapping[ObjectKey, Desired]) -> dict[ObjectKey, ObjectKey]:
    """From keys in the manifests to the keys of their objects, where these differ."""
    return {
        resource.key: key
        for key, resource in named.items()
        if key != resource.key and resource.name
    }


def origin(resource: Resource) -> ObjectKey:
    """The key in the manifest of a version; for other objects, their own key."""
    return resource.key._replace(name=resource.annotations.get(VERSION_OF) or resource.name)


def newest(lives: Iterable[Live]) -> Live:
    """The object created last; within a second, the one with the greatest resource version."""
    return max(
        lives, key=lambda live: (live.created, len(live.resource_version), live.resource_version)
    )


def is_versioned(resource: Desired) -> bool:
    """Whether the manifest asks for a new version where the object would need a replace."""
    if REPLACE not in resource.annotations or resource.kind != SECRET or not resource.name:
        return False
    return lifecycle(resource).versioned
