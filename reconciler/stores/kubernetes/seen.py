"""What a read keeps of each object in a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from reconciler.model.objects import Live
from reconciler.stores.kubernetes import wire
from reconciler.stores.kubernetes.listing import Item


class SeenObject(NamedTuple):
    """A live object, which maps it has, and since when it is being deleted."""

    live: Live
    maps: tuple[str, ...]
    deleted: str


def seen_of(kind: str) -> Callable[[Item], SeenObject]:
    """What makes a `SeenObject` of an item in a list of `kind`."""

    def look(item: Item) -> SeenObject:
        deleted = item["metadata"].get("deletionTimestamp") or ""
        return SeenObject(wire.live(item, kind), wire.maps_of(item), deleted)

    return look
