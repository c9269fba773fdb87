"""Three-way ownership, field by field: desired, live, and what was applied last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from reconciler.model.objects import Applied, Live
from reconciler.model.plans import FieldPath
from reconciler.model.values import Fingerprinter, UnreadValue
from reconciler.planning.fields import DATA, TYPE, Fields, leaf_text
from reconciler.planning.lifecycle import Lifecycle

_NOT_APPLIED: Mapping[FieldPath, str] = {}


class Merged(NamedTuple):
    """What a live object is to become.

    ``target`` are its fields, ``claims`` those that the set owns then, ``kept`` fields of others,
    both sorted.
    """

    target: Fields
    claims: tuple[FieldPath, ...]
    kept: tuple[FieldPath, ...]

    def __repr__(self) -> str:
        return f"<Merged: {len(self.target)} fields>"


def applied_earlier(live: Live, set_name: str) -> Mapping[FieldPath, str]:
    """What this set applied last; what another set did is not ours to remove."""
    if live.applied is None or live.applied.set_name != set_name:
        return _NOT_APPLIED
    return live.applied.fields


def merge(
    desired: Fields, live: Fields, applied: Mapping[FieldPath, str], lifecycle: Lifecycle
) -> Merged:
    """Combine manifest and live object.

    A field that was applied earlier and left the manifest goes; one that somebody else added
    stays, unless ``reconciler/data-policy: exact`` makes the manifest the whole truth.
    """
    if not lifecycle.ignored_keys and live.keys() <= desired.keys():
        return Merged(target={**live, **desired}, claims=tuple(sorted(desired)), kept=())
    ignored = _ignored((*desired, *live), lifecycle)
    target: Fields = {}
    kept: list[FieldPath] = []
    for path, leaf in live.items():
        if path in ignored:
            target[path] = leaf
        elif path in desired:
            target[path] = desired[path]
        elif path not in applied and not (lifecycle.exact_data and path[0] == DATA):
            target[path] = leaf
            kept.append(path)
    for path, leaf in desired.items():
        if path not in ignored:
            target.setdefault(path, leaf)
    return Merged(
        target=target,
        claims=tuple([path for path in sorted(desired) if path not in ignored]),
        kept=tuple(sorted(kept)),
    )


def newly_made(desired: Fields, lifecycle: Lifecycle) -> Merged:
    """What an object becomes that does not exist: all that the manifest says.

    Ignored keys are given their first value, and belong to whoever changes them from then on.
    """
    ignored = _ignored(desired, lifecycle)
    claims = [path for path in sorted(desired) if path not in ignored]
    return Merged(target=desired, claims=tuple(claims), kept=())


def _ignored(paths: Iterable[FieldPath], lifecycle: Lifecycle) -> set[FieldPath]:
    if not lifecycle.ignored_keys:
        return set()
    return {path for path in paths if path[0] == DATA and lifecycle.ignores(path[1])}


def record_is_current(
    applied: Applied | None,
    claims: Iterable[FieldPath],
    target: Fields,
    namespace: str,
    fingerprinter: Fingerprinter,
) -> bool:
    """Whether the record with the object says just what applying it again would write."""
    if applied is None:
        return False
    wanted = tuple(claims)
    return len(wanted) == len(applied.fields) and all(
        applied.fields.get(path) == fingerprinter.of(namespace, path, leaf_text(target[path]))
        for path in wanted
    )


def is_of_key(
    applied: Mapping[FieldPath, str], live: Fields, namespace: str, fingerprinter: Fingerprinter
) -> bool:
    """Whether a record may have been made with this key.

    A Secret's type tells, as nothing can change it in place; other objects do not tell.
    """
    if TYPE not in applied or TYPE not in live:
        return True
    return fingerprinter.of(namespace, TYPE, leaf_text(live[TYPE])) == applied[TYPE]


def drifted(
    path: FieldPath,
    live: Fields,
    applied: Mapping[FieldPath, str],
    namespace: str,
    fingerprinter: Fingerprinter,
    *,
    fingerprint: str = "",
) -> bool:
    """Whether the live field is known to be no longer what was applied last.

    A key that somebody added to data that was applied is drift as well. A record of another key
    tells nothing of values. `fingerprint` is that of the live field, where it is made already.
    """
    if path not in applied:
        return bool(applied) and path[0] == DATA and path in live
    if path not in live:
        return True
    if isinstance(live[path], UnreadValue) and live[path].fingerprint is None:
        return False
    found = fingerprint or fingerprinter.of(namespace, path, leaf_text(live[path]))
    differs = found != applied[path]
    return differs and is_of_key(applied, live, namespace, fingerprinter)
