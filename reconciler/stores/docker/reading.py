"""From the engine's list of secrets to the Secrets that they are."""

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


def successors_of(found: Holding) -> dict[str, Part]:
    """By the id of each old version, the part that has taken its place."""
    current = {part.key: part for part in found.current}
    return {part.id: current[part.key] for part in found.old if part.key in current}


def users_of(wanted: Mapping[ObjectKey, Holding], uses: Collection[Use]) -> tuple[Consumer, ...]:
    """What uses objects, or the copies of such."""
    parts = {part.id: part for one in wanted.values() for part in (*one.current, *one.copy)}
    return tuple(sorted(consumers(uses, parts)))


def outdated_of(
    wanted: Mapping[ObjectKey, Holding], uses: Collection[Use]
) -> dict[ObjectKey, tuple[Consumer, ...]]:
    """Of the objects with old versions that can be got rid of, what uses those."""
    found = {}
    used = {use.secret_id for use in uses}
    for secret, one in wanted.items():
        heirs = successors_of(one)
        going = [part for part in one.old if part.id in heirs or part.id not in used]
        if one.current and going:
            users = consumers(uses, {part.id: part for part in going})
            found[secret] = tuple(sorted(users))
    return found


def forsaken_notices(wanted: Mapping[ObjectKey, Holding], uses: Collection[Use]) -> Iterator[Note]:
    """Services that use what no version has taken the place of."""
    for secret, one in wanted.items():
        heirs = successors_of(one)
        parts = {part.id: part for part in one.old if one.current and part.id not in heirs}
        for use in uses:
            if use.secret_id in parts:
                name = parts[use.secret_id].name
                yield Note(
                    "old-version-forsaken",
                    f"Service/{use.service} uses the Docker secret {name}, which {secret} no "
                    f"longer has: docker service update --secret-rm {name} {use.service}",
                )


def key_notices(wanted: Mapping[ObjectKey, Holding], print_key: str) -> Iterator[Note]:
    """That fingerprints were made with another key than the one at hand."""
    others = [
        secret
        for secret, one in wanted.items()
        if any(part.record and part.print_key != print_key for part in one.current)
    ]
    if others:
        yield Note(
            "fingerprint-key-differs",
            f"the fingerprints of {len(others)} Secrets, such as {min(others)}, were made with "
            "another key than RECONCILER_FINGERPRINT_KEY has now, so nothing can be said of their "
            "values: give the key that they were applied with",
        )
