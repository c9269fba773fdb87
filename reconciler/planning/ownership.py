"""Three-way ownership, field by field: desired, live, and what was applied last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from reconciler.model.fields import DATA, Fields
from reconciler.model.lifecycle import Lifecycle
from reconciler.model.plans import FieldPath


class Merged(NamedTuple):
    """The result of merging a manifest with a live object.

    ``target`` are the fields after the apply. ``claims`` are the paths that the set then owns, and
    ``kept`` the paths of others, both sorted.
    """

    target: Fields
    claims: tuple[FieldPath, ...]
    kept: tuple[FieldPath, ...]

    def __repr__(self) -> str:
        return f"<Merged: {len(self.target)} fields>"


def merge(
    desired: Fields, live: Fields, applied: Mapping[FieldPath, str], lifecycle: Lifecycle
) -> Merged:
    """Combine manifest and live object.

    A field that was applied earlier and is no longer in the manifest is removed; one that somebody
    else added is kept, unless ``reconciler/data-policy: exact`` makes the manifest authoritative.
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
    """The result for an object that does not exist yet: everything in the manifest.

    Ignored keys get their first value, and belong to whoever changes them from then on.
    """
    ignored = _ignored(desired, lifecycle)
    claims = [path for path in sorted(desired) if path not in ignored]
    return Merged(target=desired, claims=tuple(claims), kept=())


def _ignored(paths: Iterable[FieldPath], lifecycle: Lifecycle) -> set[FieldPath]:
    if not lifecycle.ignored_keys:
        return set()
    return {path for path in paths if path[0] == DATA and lifecycle.ignores(path[1])}
