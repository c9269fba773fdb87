"""Owner references: the uid of each, and the entry of an ownership record that belongs to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from reconciler.model.documents import owner_document
from reconciler.model.fields import (
    METADATA,
    OWNERS,
    Fields,
    Leaf,
    flatten,
    leaf_text,
    owner_fields,
    owner_key,
)
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import NAMESPACE, Live, ObjectKey, Resource
from reconciler.model.plans import UNBORN, FieldPath
from reconciler.model.values import UidOf

_GROUP = (METADATA, OWNERS)
_UID = 2  # the place of the uid in an owner's name


def owner_uids(
    resource: Resource, named: Mapping[ObjectKey, Resource], objects: Mapping[ObjectKey, Live]
) -> Mapping[ObjectKey, str | UidOf]:
    """The uids of those owners of `resource` that are in `named`, the manifests."""
    keys = {owner_key(owner, resource.namespace) for owner in resource.owners}
    return {
        key: objects[key].uid if key in objects else UidOf(*key) for key in keys if key in named
    }


def with_owner_uids(
    resource: Resource, fields: Fields, uids: Mapping[ObjectKey, str | UidOf]
) -> Fields:
    """The fields of `resource`, with the real uids of the owners in `uids`.

    A manifest that names an owner more than once means different uids: there, only a missing uid
    is filled in.
    """
    if not uids:
        return fields
    keys = [owner_key(owner, resource.namespace) for owner in resource.owners]
    times = Counter(keys)
    owners = []
    for key, owner in zip(keys, resource.owners, strict=True):
        document = owner_document(owner)
        if key in uids and (times[key] == 1 or not owner.uid):
            document["uid"] = uids[key]
        owners.append(document)
    others = {path: leaf for path, leaf in fields.items() if path[:2] != _GROUP}
    return others | owner_fields(owners)


def settled_path(path: FieldPath, uids: Mapping[ObjectKey, str], namespace: str) -> FieldPath:
    """`path` after the owner that it names was created; the plan did not know its uid."""
    if path[:2] != _GROUP:
        return path
    kind, *parts = path[2].split("/")
    if parts[_UID - 1 : _UID] != [UNBORN]:
        return path
    key = ObjectKey(kind, "" if kind == NAMESPACE else namespace, parts[0])
    parts[_UID - 1] = uids.get(key, UNBORN)
    return (*_GROUP, "/".join([kind, *parts]), *path[3:])


def former_path(owner: Leaf) -> FieldPath:
    """The path of an owner reference in the records of 0.1.0, which left out group and uid."""
    return (*_GROUP, f"{owner['kind']}/{owner['name']}")


def understood_record(live: Live, fingerprinter: Fingerprinter) -> Mapping[FieldPath, str]:
    """The ownership record of `live`, with owner references named in the current format.

    If a former name matches several references, the fingerprint decides, which covers the API
    version and the flags. If that does not decide either, none of them counts as applied, since
    they may be somebody else's.
    """
    applied = {} if live.applied is None else live.applied.fields
    if not live.owners:
        return applied
    fields = flatten(live)
    former: defaultdict[FieldPath, list[FieldPath]] = defaultdict(list)
    for path, leaf in fields.items():
        if path[:2] == _GROUP and path not in applied:
            former[former_path(leaf)].append(path)
    understood = {path: digest for path, digest in applied.items() if path not in former}
    for path in applied.keys() & former.keys():
        candidates = former[path]
        texts = {candidate: leaf_text(fields[candidate]) for candidate in candidates}
        same = [
            candidate
            for candidate in candidates
            if fingerprinter.of(live.namespace, path, texts[candidate]) == applied[path]
        ]
        if len(same) == 1:
            understood[same[0]] = fingerprinter.of(live.namespace, same[0], texts[same[0]])
        elif len(candidates) == 1:
            understood[candidates[0]] = applied[path]
    return understood
