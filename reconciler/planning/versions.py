"""Versions: objects that take the place of one that cannot be changed, under names of their own.

The annotation ``reconciler/replace: versioned`` asks for them. The first object has the manifest's
name. Where a change would need a replace, a new object NAME-SUFFIX is made instead, and the old one
stays for whatever uses it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model.fields import DATA, flatten
from reconciler.model.lifecycle import VERSION_OF, lifecycle
from reconciler.model.objects import Desired, ObjectKey
from reconciler.model.plans import Note, PlanOptions
from reconciler.model.store import Capability
from reconciler.model.values import Fingerprinter
from reconciler.planning.changes import Comparison
from reconciler.planning.consumers import Users, named_users
from reconciler.planning.naming import is_versioned
from reconciler.rules.names import SUBDOMAIN

_SUFFIX_DIGITS = 10
_STAYS = "{}, an old version of {}, stays: {}"
_UNKNOWN = (
    "nothing tells what uses it; --prune deletes it with --consumers where nothing does, and with "
    "--force-consumers whatever does"
)


def with_new_versions(comparison: Comparison, fingerprinter: Fingerprinter) -> Comparison:
    """The same, with new keys for the versioned Secrets whose live objects need a replace."""
    snapshot = comparison.snapshot
    stuck = [
        key
        for key, resource in comparison.named.items()
        if is_versioned(resource)
        and _may_follow(comparison, key)
        and comparison.replace_reasons(key)
    ]
    if not stuck:
        return comparison
    taken = {*comparison.named, *snapshot.objects, *snapshot.bystanders, *snapshot.copies}
    new = {key: _free_key(comparison, key, fingerprinter, taken) for key in stuck}
    return replace(
        comparison,
        named={new.get(key, key): resource for key, resource in comparison.named.items()},
        predecessors={key: old for old, key in new.items()},
    )


def old_version_notices(
    old: Mapping[ObjectKey, ObjectKey],
    named: Mapping[ObjectKey, Desired],
    users: Users,
    options: PlanOptions,
) -> Iterator[tuple[ObjectKey, Note]]:
    """Those of `old` that stay, and why; `old` maps old versions to the current ones.

    What is used stays, and where nobody knows, it may be used.
    """
    for key, current in old.items():
        resource = named[current]
        consumers = users.everybody.get(key, ())
        if lifecycle(resource).prevent_destroy:
            why = "its manifest has reconciler/prevent-destroy"
        elif options.prune and options.force_consumers:
            continue
        elif consumers:
            why = f"it is still used by {named_users(consumers)}"
        elif not users.are_known(key):
            why = _UNKNOWN
        elif options.prune:
            continue
        else:
            why = "nothing uses it, and --prune deletes it"
        yield key, Note("version-kept", _STAYS.format(key, resource.key, why))


def _may_follow(comparison: Comparison, key: ObjectKey) -> bool:
    """Whether a version may take the object's place: it is ours, or to become so."""
    live, options = comparison.snapshot.objects.get(key), comparison.options
    if live is None or Capability.METADATA not in comparison.snapshot.capabilities:
        return False  # what keeps no annotations cannot tell a version
    if live.applied is None:
        return options.adopt
    return live.applied.set_name == options.set_name


def _free_key(
    comparison: Comparison, key: ObjectKey, fingerprinter: Fingerprinter, taken: set[ObjectKey]
) -> ObjectKey:
    """The name of a new version, which comes from its content; another where that is taken."""
    resource = comparison.named[key]
    content = {
        "/".join(path): fingerprinter.of(key.namespace, path, leaf)
        for path, leaf in flatten(resource).items()
        if path[0] == DATA
    }
    attempt = 0
    while True:
        text = json.dumps([resource.type, resource.immutable, attempt, sorted(content.items())])
        suffix = fingerprinter.of(key.namespace, (VERSION_OF, resource.name), text)
        found = key._replace(name=_version_name(resource.name, suffix[:_SUFFIX_DIGITS]))
        if found not in taken:
            taken.add(found)
            return found
        attempt += 1


def _version_name(name: str, suffix: str) -> str:
    return f"{name[: SUBDOMAIN.limit - len(suffix) - 1].rstrip('-.')}-{suffix}"
