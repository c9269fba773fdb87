"""Which live object a manifest is about, where the manifest leaves the name to the server."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.objects import Desired, ObjectKey
from reconciler.model.plans import UNBORN
from reconciler.model.store import Snapshot


def named_objects(
    desired: Iterable[Desired], snapshot: Snapshot, set_name: str
) -> dict[ObjectKey, Desired]:
    """Desired objects by key; one with a generated name has the key of the object it made.

    Before it has made one, its name is shown as ``PREFIX*``, which no real name can be.
    """
    held = sorted(
        {**snapshot.copies, **snapshot.objects}.values(),
        key=lambda live: (live.key in snapshot.objects, live.created, live.key),
    )
    generated = {
        (live.kind, live.namespace, live.generate_name): live.key
        for live in held
        if live.generate_name and live.applied and live.applied.set_name == set_name
    }
    found: dict[ObjectKey, Desired] = {}
    for resource in desired:
        key = resource.key
        if not resource.name:
            prefix = (resource.kind, resource.namespace, resource.generate_name)
            unborn = key._replace(name=f"{resource.generate_name}{UNBORN}")
            key = generated.get(prefix, unborn)
        found[key] = resource
    return found
