"""Families: the Secrets whose names differ in nothing but the hash that kustomize appends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.fields import DATA
from reconciler.model.lifecycle import VERSION_OF
from reconciler.model.objects import Desired, Live, ObjectKey
from reconciler.model.plans import Note
from reconciler.model.store import Snapshot
from reconciler.planning.comparing import Compared, Comparison
from reconciler.planning.naming import newest
from reconciler.planning.records import is_of_set
from reconciler.rules import hashed_base

_UNKEYED = (
    "kustomize appends an unkeyed hash of the values to the names of {count}, so anybody who sees "
    "a name can test guesses of a weak value; disableNameSuffixHash with "
    "reconciler/replace: versioned makes versions with a keyed suffix"
)


def families_of(
    named: Mapping[ObjectKey, Desired], snapshot: Snapshot, set_name: str
) -> dict[ObjectKey, ObjectKey]:
    """From members to the key without the hash: those in `named`, and their live old versions.

    A name counts only if it ends in the hash of the object's own values. Where the store does not
    give values back, the annotation that an apply made there tells.
    """
    families = {
        key: key._replace(name=base)
        for key, resource in named.items()
        if (base := hashed_base(resource, resource.data))
    }
    if not families:
        return {}
    wanted = {*families.values()}
    for key, live in snapshot.objects.items():
        stem = key._replace(name=key.name.rpartition("-")[0])
        if stem in wanted and key not in named and is_of_set(live, set_name) and _is_hashed(live):
            families[key] = stem
    return families


def with_predecessors(comparison: Comparison) -> Comparison:
    """The same, with the newest old version as the predecessor of each new member of a family."""
    named, snapshot, families = comparison.named, comparison.snapshot, comparison.families
    old: dict[ObjectKey, list[Live]] = {}
    for key, base in families.items():
        if key not in named:
            old.setdefault(base, []).append(snapshot.objects[key])
    predecessors: dict[ObjectKey, Compared] = {}
    for key, base in families.items():
        if base in old and not (
            key in snapshot.objects or key in snapshot.copies or key not in named
        ):
            before = newest(old[base])
            predecessors[key] = comparison.compare_with(before.key, named[key], before)
    return replace(comparison, predecessors=predecessors) if predecessors else comparison


def hash_notice(
    chosen: Iterable[ObjectKey], families: Mapping[ObjectKey, ObjectKey]
) -> Iterator[Note]:
    """What a plan for members of families says once."""
    members = sum(key in families for key in chosen) if families else 0
    if members:
        count = "a Secret" if members == 1 else f"{members} Secrets"
        yield Note("hash-suffix", _UNKEYED.format(count=count))


def _is_hashed(live: Live) -> bool:
    """Whether the name is a hash of what was applied; what others have added since is no part."""
    if VERSION_OF in live.annotations:
        return live.name.startswith(f"{live.annotations[VERSION_OF]}-")
    applied = {} if live.applied is None else live.applied.fields
    data = {name: value for name, value in live.data.items() if (DATA, name) in applied}
    return bool(hashed_base(live, data))
