"""Turns the engine's list of secrets into Secrets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.consumers import Consumer
from reconciler.model.objects import Bystander, ObjectKey
from reconciler.model.plans import Note
from reconciler.model.store import Scope
from reconciler.stores.docker import layout
from reconciler.stores.docker.parts import Holding, Part, foreign_part, live_of
from reconciler.stores.docker.services import Use, consumers


def by_secret(parts: Iterable[Part]) -> Mapping[ObjectKey, list[Part]]:
    """`parts` by the Secret that they belong to."""
    grouped: dict[ObjectKey, list[Part]] = defaultdict(list)
    for part in parts:
        grouped[part.secret].append(part)
    return grouped


def owner(holding: Holding) -> str | None:
    """The set that owns the object, or the copy of it."""
    return (holding.current or holding.copy)[0].set_name


def foreign_parts(
    scope: Scope, entries: Iterable[Mapping[str, Any]], parts: Iterable[Part]
) -> dict[ObjectKey, tuple[Part, ...]]:
    """Docker secrets without labels of ours that have the names of wanted Secrets."""
    marked_ids = {part.id for part in parts}
    ours = {part.secret for part in parts}
    free = {
        entry["Spec"]["Name"].lower(): entry for entry in entries if entry["ID"] not in marked_ids
    }
    foreign: dict[ObjectKey, tuple[Part, ...]] = {}
    desired = {resource.key: resource for resource in scope.desired if resource.name}
    for key in scope.keys - ours:
        resource = desired.get(key)
        names = (
            [(layout.base_name(key), (_ONLY_KEY,))]
            if resource is None
            else [(piece.name, piece.keys) for piece in layout.pieces(resource)]
        )
        matching = tuple(
            foreign_part(free[name.lower()], key, keys)
            for name, keys in names
            if name.lower() in free
        )
        if matching:
            foreign[key] = matching
    return foreign


_ONLY_KEY = "value"
"""The key of the value of somebody else's secret, where no manifest names another."""


def bystanders_of(
    holdings: Mapping[ObjectKey, Holding],
    wanted: Mapping[ObjectKey, Holding],
) -> dict[ObjectKey, Bystander]:
    """The Secrets of other sets."""
    return {
        secret: Bystander(
            secret,
            holding.current[0].uid,
            tuple(owner.uid for owner in live_of(holding.current, "").owners),
            holding.current[0].set_name,
        )
        for secret, holding in holdings.items()
        if holding.current and secret not in wanted
    }


def successors_of(holding: Holding) -> dict[str, Part]:
    """The part that replaces each old version, by the old version's id."""
    current = {part.key: part for part in holding.current}
    return {part.id: current[part.key] for part in holding.old if part.key in current}


def users_of(wanted: Mapping[ObjectKey, Holding], uses: Collection[Use]) -> tuple[Consumer, ...]:
    """What uses the objects or their copies."""
    parts = {
        part.id: part for holding in wanted.values() for part in (*holding.current, *holding.copy)
    }
    return tuple(sorted(consumers(uses, parts)))


def outdated_of(
    wanted: Mapping[ObjectKey, Holding], uses: Collection[Use]
) -> dict[ObjectKey, tuple[Consumer, ...]]:
    """The objects with old versions that can be removed, with the users of those versions."""
    outdated = {}
    used = {use.secret_id for use in uses}
    for secret, holding in wanted.items():
        heirs = successors_of(holding)
        going = [part for part in holding.old if part.id in heirs or part.id not in used]
        if holding.current and going:
            users = consumers(uses, {part.id: part for part in going})
            outdated[secret] = tuple(sorted(users))
    return outdated


def forsaken_notices(wanted: Mapping[ObjectKey, Holding], uses: Collection[Use]) -> Iterator[Note]:
    """Services that use an old version that nothing replaces."""
    for secret, holding in wanted.items():
        heirs = successors_of(holding)
        parts = {part.id: part for part in holding.old if holding.current and part.id not in heirs}
        for use in uses:
            if use.secret_id in parts:
                name = parts[use.secret_id].name
                yield Note(
                    "old-version-forsaken",
                    f"Service/{use.service} uses the Docker secret {name}, which {secret} no "
                    f"longer has: docker service update --secret-rm {name} {use.service}",
                )


def key_notices(wanted: Mapping[ObjectKey, Holding], print_key: str) -> Iterator[Note]:
    """A notice where fingerprints were made with another key than this one."""
    differing = [
        secret
        for secret, holding in wanted.items()
        if any(part.record and part.print_key != print_key for part in holding.current)
    ]
    if differing:
        yield Note(
            "fingerprint-key-differs",
            f"the fingerprints of {len(differing)} Secrets, such as {min(differing)}, were made "
            "with another key than RECONCILER_FINGERPRINT_KEY has now, so nothing can be said of "
            "their values: give the key that they were applied with",
        )
