"""Live objects of a store as manifests."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence

from reconciler.errors import ConfigError
from reconciler.manifests.writer import manifests
from reconciler.model.objects import Live, ObjectKey
from reconciler.model.store import Capability, Scope, Store
from reconciler.model.values import UnreadText
from reconciler.planning.exporting import exported_keys, manifest_of
from reconciler.rules.makers import MADE_TYPES


def exported(
    store: Store, set_name: str, keys: Collection[ObjectKey] = (), *, reveal: bool
) -> tuple[Live, ...]:
    """The objects of `keys`, whoever owns them; without any, those of the set.

    Raises:
        ConfigError: the store does not hold one, gives no values back and `reveal` wants them, or
            has no labels and annotations.
        StoreError: it cannot be read.
    """
    if reveal and Capability.READ_VALUES not in store.capabilities:
        raise ConfigError("--reveal: this store gives its values to nobody")
    objects = store.read(Scope(set_name, frozenset(keys))).objects
    chosen = sorted(keys) or exported_keys(objects, set_name)
    missing = [key for key in chosen if key not in objects]
    if missing:
        raise ConfigError(f"the store holds no {', '.join(map(str, missing))}")
    lives = tuple(objects[key] for key in chosen)
    if any(
        UnreadText in map(type, (*live.labels.values(), *live.annotations.values()))
        for live in lives
    ):
        raise ConfigError(
            "this store has only the names of labels and annotations, so no manifests come of it",
            hint="name the store that holds the objects",
        )
    return lives


def imported(
    store: Store, set_name: str, keys: Collection[ObjectKey], *, reveal: bool
) -> tuple[Live, ...]:
    """The objects of `keys`, which no set owns; `set_name` is the set that is to own them.

    Raises:
        ConfigError: a set owns one already; see `exported` for the rest.
        StoreError: the store cannot be read.
    """
    lives = exported(store, set_name, keys, reveal=reveal)
    owned = [*_owned(lives, set_name)]
    if owned:
        raise ConfigError(
            "only what no set owns is imported, so nothing was written",
            details=owned,
        )
    return lives


def manifests_of(lives: Iterable[Live], *, reveal: bool, all_keys: bool = False) -> str:
    """`lives` as a stream of manifests; without `reveal`, with a mark in place of each value.

    With `all_keys`, keys that others added are among those that a set owns.
    """
    return manifests(
        (manifest_of(live, reveal=reveal, all_keys=all_keys) for live in lives), reveal=reveal
    )


def remarks_on(lives: Sequence[Live]) -> Iterator[str]:
    """What to know of those of `lives` that a program makes, before a set takes them over."""
    for live in lives:
        if live.type in MADE_TYPES:
            yield f"{live.key} {MADE_TYPES[live.type]}"
        for owner in live.owners:
            if owner.controller:
                maker = f"{owner.kind}/{owner.name}"
                yield f"{live.key} is made by {maker}, which may undo what an apply changes"


def _owned(lives: Iterable[Live], set_name: str) -> Iterator[str]:
    for live in lives:
        if live.applied is None:
            continue
        owner = live.applied.set_name
        if owner == set_name:
            way = f"reconciler export --target {live.key} writes its manifest"
        else:
            way = f"reconciler apply --adopt-from {shlex.quote(owner)} moves it"
        yield f"{live.key} belongs to the set {owner!r}: {way}"
