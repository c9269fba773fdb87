"""From the engine's list of secrets to the Secrets that they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.objects import Bystander, ObjectKey
from reconciler.model.store import Scope
from reconciler.stores.docker import layout
from reconciler.stores.docker.parts import Holding, Part, foreign_part, live_of


def by_secret(parts: Iterable[Part]) -> Mapping[ObjectKey, list[Part]]:
    """`parts` by the Secret that they belong to."""
    found: dict[ObjectKey, list[Part]] = defaultdict(list)
    for part in parts:
        found[part.secret].append(part)
    return found


def owner(found: Holding) -> str | None:
    """The set that owns the object, or the copy of it."""
    return (found.current or found.copy)[0].set_name


def foreign_parts(
    scope: Scope, entries: Iterable[Mapping[str, Any]], parts: Iterable[Part]
) -> dict[ObjectKey, tuple[Part, ...]]:
    """Docker secrets that nobody has marked, and that bear the names of what is wanted."""
    marked_ids = {part.id for part in parts}
    ours = {part.secret for part in parts}
    free = {
        entry["Spec"]["Name"].lower(): entry for entry in entries if entry["ID"] not in marked_ids
    }
    found: dict[ObjectKey, tuple[Part, ...]] = {}
    named = {resource.key: resource for resource in scope.desired if resource.name}
    for key in scope.keys - ours:
        resource = named.get(key)
        names = (
            [(layout.base_name(key), (_ONLY_KEY,))]
            if resource is None
            else [(piece.name, piece.keys) for piece in layout.pieces(resource)]
        )
        several = tuple(
            foreign_part(free[name.lower()], key, keys)
            for name, keys in names
            if name.lower() in free
        )
        if several:
            found[key] = several
    return found


_ONLY_KEY = "value"
"""The key by which the value of somebody else's secret is called where no manifest has one."""


def bystanders_of(
    holdings: Mapping[ObjectKey, Holding],
    wanted: Mapping[ObjectKey, Holding],
) -> dict[ObjectKey, Bystander]:
    """The other Secrets that some set has made."""
    return {
        secret: Bystander(
            secret,
            one.current[0].uid,
            tuple(owner.uid for owner in live_of(one.current, "").owners),
            one.current[0].set_name,
        )
        for secret, one in holdings.items()
        if one.current and secret not in wanted
    }
