"""Which live object a manifest is about, where its name does not tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.objects import SECRET, Desired, Live, ObjectKey, Resource
from reconciler.model.plans import UNBORN
from reconciler.model.store import Snapshot
from reconciler.model.values import Fingerprinter
from reconciler.planning.fields import DATA, IMMUTABLE, TYPE, flatten
from reconciler.planning.lifecycle import REPLACE, VERSION_OF, lifecycle
from reconciler.planning.limits import recognised
from reconciler.planning.ownership import applied_earlier, merge


def named_objects(
    desired: Iterable[Desired], snapshot: Snapshot, set_name: str, records: Fingerprinter
) -> dict[ObjectKey, Desired]:
    """Desired objects by key; one with a generated name has the key of the object it made.

    Before it has made one, its name is shown as ``PREFIX*``, which no real name can be. A versioned
    one has the key of its current version. `records` tells values by their fingerprints where the
    store gives none back.
    """
    makers = [
        live
        for live in {**snapshot.copies, **snapshot.objects}.values()
        if live.generate_name and live.applied and live.applied.set_name == set_name
    ]
    makers.sort(key=lambda live: (live.key in snapshot.objects, live.created, live.key))
    generated = {(one.kind, one.namespace, one.generate_name): one.key for one in makers}
    found: dict[ObjectKey, Desired] = {}
    for resource in desired:
        key = resource.key
        if not resource.name:
            prefix = (resource.kind, resource.namespace, resource.generate_name)
            unborn = key._replace(name=f"{resource.generate_name}{UNBORN}")
            key = generated.get(prefix, unborn)
        found[key] = resource
    current = _current_versions(found, snapshot.objects.values(), set_name, records)
    if not current:
        return found
    return {current.get(key, key): resource for key, resource in found.items()}


def moved_keys(named: Mapping[ObjectKey, Desired]) -> dict[ObjectKey, ObjectKey]:
    """From the keys that manifests write to those of their objects, where these differ."""
    return {
        resource.key: key
        for key, resource in named.items()
        if key != resource.key and resource.name
    }


def origin(resource: Resource) -> ObjectKey:
    """The key of the object that a version stands for; its own, where it is none."""
    return resource.key._replace(name=resource.annotations.get(VERSION_OF) or resource.name)


def newest(lives: Iterable[Live]) -> Live:
    """The one created last; in the same second, the one with the greatest resource version."""
    return max(
        lives, key=lambda live: (live.created, len(live.resource_version), live.resource_version)
    )


def _current_versions(
    named: Mapping[ObjectKey, Desired],
    lives: Iterable[Live],
    set_name: str,
    records: Fingerprinter,
) -> dict[ObjectKey, ObjectKey]:
    """For each versioned Secret of `named`, the live object of the set that is its current one.

    One that is just what the manifest wants comes first, so that a way back finds the old object.
    """
    versioned = {key for key, resource in named.items() if is_versioned(resource)}
    if not versioned:
        return {}
    families: dict[ObjectKey, list[Live]] = {}
    for live in lives:
        known = origin(live)
        is_ours = live.applied is not None and live.applied.set_name == set_name
        # What a manifest names by itself is that manifest's.
        if known in versioned and is_ours and (known == live.key or live.key not in named):
            families.setdefault(known, []).append(live)
    found = {}
    for key, family in families.items():
        fitting = [live for live in family if _fits(named[key], live, set_name, records)]
        found[key] = newest(fitting or family).key
    return found


def is_versioned(resource: Desired) -> bool:
    """Whether a new version is to take the object's place where it would need a replace."""
    if REPLACE not in resource.annotations or resource.kind != SECRET or not resource.name:
        return False
    return lifecycle(resource).versioned


def _fits(resource: Desired, live: Live, set_name: str, records: Fingerprinter) -> bool:
    """Whether type, data and ``immutable`` of `live` are what the manifest wants."""
    before = flatten(recognised(live, resource.data, records))
    steering = lifecycle(resource)
    applied = applied_earlier(live, set_name, records)
    target = merge(flatten(resource), before, applied, steering).target
    return all(
        before.get(path) == target.get(path)
        for path in before.keys() | target.keys()
        if path[0] == DATA or path in {TYPE, IMMUTABLE}
    )
