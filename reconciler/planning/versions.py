"""Versions: new objects under new names, in place of a replace.

The annotation ``reconciler/replace: versioned`` asks for them. The first object has the manifest's
name. Where a change would need a replace, an object NAME-SUFFIX is created instead, and the old
object stays for whatever uses it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.fields import DATA, IMMUTABLE, TYPE, flatten
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.lifecycle import VERSION_OF, lifecycle
from reconciler.model.objects import Desired, Live, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import UNBORN, Note
from reconciler.model.store import Capability, Snapshot
from reconciler.planning.comparing import Compared, Comparison
from reconciler.planning.consumers import Users, named_users
from reconciler.planning.families import families_of, with_predecessors
from reconciler.planning.naming import is_versioned, named_objects, newest, origin
from reconciler.planning.records import FingerprintCheck
from reconciler.rules.names import SUBDOMAIN

_SUFFIX_DIGITS = 10
_STAYS = "{}, an old version of {}, stays: {}"
_UNKNOWN = (
    "what uses it is not known; --prune deletes it with --consumers where nothing does, and with "
    "--force-consumers whatever does"
)
_UNKNOWABLE = (
    "this store does not know what uses it; --prune deletes it with --force-consumers, whatever "
    "does"
)


def comparison_of(
    desired: Iterable[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    fingerprinter: Fingerprinter,
) -> Comparison:
    """What a plan and a drift check compare objects within.

    Records are read with the key of the snapshot, or that of `fingerprinter` where it has none.
    """
    records = Fingerprinter(snapshot.fingerprint_key or fingerprinter.key)
    named = named_objects(desired, snapshot, options.set_name)
    return _with_current_versions(
        Comparison(
            named=named,
            snapshot=snapshot,
            options=options,
            check=FingerprintCheck.of(snapshot, options.set_name, records, options.adopt_from),
            families=families_of(named, snapshot, options.set_name),
        )
    )


def _with_current_versions(comparison: Comparison) -> Comparison:
    """The same, with the keys of their current versions for the versioned Secrets of the set.

    The version that is just what the manifest wants comes first, so that a way back finds the old
    object; else it is the newest.
    """
    named = comparison.named
    families = comparison.families  # where a name has a hash, that makes the versions
    versioned = {
        key for key, resource in named.items() if is_versioned(resource) and key not in families
    }
    if not versioned:
        return comparison
    current: dict[ObjectKey, Compared] = {}
    for key, family in _families(comparison, versioned).items():
        versions = {
            live.key: comparison.compare_with(live.key, named[key], live) for live in family
        }
        fitting = [live for live in family if _fits(versions[live.key])]
        current[key] = versions[newest(fitting or family).key]
    return replace(
        comparison,
        named={
            current[key].key if key in current else key: resource for key, resource in named.items()
        },
        versions={version.key: version for version in current.values()},
    )


def with_new_versions(comparison: Comparison, fingerprinter: Fingerprinter) -> Comparison:
    """The same, with new keys for the versioned Secrets whose live objects need a replace.

    New members of families have their keys; they, too, get a predecessor.
    """
    comparison = with_predecessors(comparison)
    stuck: dict[ObjectKey, Compared] = {}
    for key, resource in comparison.named.items():
        if (
            key not in comparison.families
            and is_versioned(resource)
            and _may_follow(comparison, key)
        ):
            compared = comparison.compare(key)
            if comparison.replace_reasons(compared):
                stuck[key] = compared
    if not stuck:
        return comparison
    snapshot = comparison.snapshot
    taken = {*comparison.named, *snapshot.objects, *snapshot.bystanders, *snapshot.copies}
    new = {key: _free_key(comparison, key, fingerprinter, taken) for key in stuck}
    return replace(
        comparison,
        named={new.get(key, key): resource for key, resource in comparison.named.items()},
        predecessors={
            **comparison.predecessors,
            **{new[key]: compared for key, compared in stuck.items()},
        },
    )


def old_version_notices(
    old: Mapping[ObjectKey, ObjectKey], comparison: Comparison, users: Users
) -> Iterator[tuple[ObjectKey, Note]]:
    """Those of `old` that stay, and why; `old` maps old versions to the current ones.

    A version that is used stays, and so does one that may be used.
    """
    options = comparison.options
    knows = Capability.CONSUMERS in comparison.snapshot.capabilities
    for key, current in old.items():
        resource = comparison.named[current]
        consumers = users.everybody.get(key, ())
        if lifecycle(resource).prevent_destroy:
            why = "its manifest has reconciler/prevent-destroy"
        elif options.prune and options.force_consumers:
            continue
        elif consumers:
            why = f"it is still used by {named_users(consumers)}"
        elif not users.are_known(key):
            why = _UNKNOWN if knows else _UNKNOWABLE
        elif options.prune:
            continue
        else:
            why = "nothing uses it, and --prune deletes it"
        yield key, Note("version-kept", _STAYS.format(key, resource.key, why))


def _families(
    comparison: Comparison, versioned: Collection[ObjectKey]
) -> dict[ObjectKey, list[Live]]:
    """The live versions of each versioned Secret that are this set's."""
    families: dict[ObjectKey, list[Live]] = {}
    for live in comparison.snapshot.objects.values():
        first = origin(live)
        is_ours = live.applied is not None and live.applied.set_name == comparison.options.set_name
        # What a manifest names by itself is that manifest's.
        if (
            first in versioned
            and is_ours
            and (first == live.key or live.key not in comparison.named)
        ):
            families.setdefault(first, []).append(live)
    return families


def _fits(version: Compared) -> bool:
    """Whether type, data and ``immutable`` of a version are what the manifest wants."""
    return not any(path[0] == DATA or path in {TYPE, IMMUTABLE} for path in version.changed)


def _may_follow(comparison: Comparison, key: ObjectKey) -> bool:
    """Whether a version may take the object's place: the set owns it, or is to adopt it."""
    live, options = comparison.snapshot.objects.get(key), comparison.options
    if live is None or Capability.METADATA not in comparison.snapshot.capabilities:
        return False  # without annotations, a version cannot be recognised
    if live.applied is None:
        return options.adopt
    return live.applied.set_name == options.set_name


def _free_key(
    comparison: Comparison, key: ObjectKey, fingerprinter: Fingerprinter, taken: set[ObjectKey]
) -> ObjectKey:
    """The name of a new version, which comes from its content; another where that is taken."""
    resource = comparison.named[key]
    if resource.sealed:  # without the values, there is no name
        return key._replace(name=_version_name(resource.name, UNBORN))
    content = {
        "/".join(path): fingerprinter.of(key.namespace, path, leaf)
        for path, leaf in flatten(resource).items()
        if path[0] == DATA
    }
    attempt = 0
    while True:
        text = json.dumps([resource.type, resource.immutable, attempt, sorted(content.items())])
        suffix = fingerprinter.of(key.namespace, (VERSION_OF, resource.name), text)
        new = key._replace(name=_version_name(resource.name, suffix[:_SUFFIX_DIGITS]))
        if new not in taken:
            taken.add(new)
            return new
        attempt += 1


def _version_name(name: str, suffix: str) -> str:
    return f"{name[: SUBDOMAIN.limit - len(suffix) - 1].rstrip('-.')}-{suffix}"
