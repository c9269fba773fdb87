"""What tells of an object that was read before whether it has moved since."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.model.objects import Live, ObjectKey
from reconciler.stores.kubernetes import wire
from reconciler.stores.kubernetes.listing import Item


class Head(NamedTuple):
    """Uid and resource version, and what is not part of the object as it was read."""

    key: ObjectKey
    uid: str
    version: str
    maps: tuple[str, ...]
    deleted: str

    def is_of(self, live: Live | None) -> bool:
        """Whether the object is as it was when it was read."""
        return live is not None and (live.uid, live.resource_version) == (self.uid, self.version)


def head(item: Item, kind: str) -> Head:
    """That of an object of `kind`, from its metadata."""
    metadata = item["metadata"]
    return Head(
        ObjectKey(kind, metadata.get("namespace", ""), metadata["name"]),
        metadata["uid"],
        metadata["resourceVersion"],
        wire.maps_of(item),
        metadata.get("deletionTimestamp") or "",
    )
