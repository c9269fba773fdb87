"""Where a Secret is, and what its set records of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.objects import ObjectKey
from reconciler.stores.kit.entries import Entry
from reconciler.stores.kit.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a Secret is, or will be, and the inventory that records it."""

    key: ObjectKey
    namespace_id: str
    set_name: str
    inventory: Inventory = field(compare=False)

    @property
    def entry(self) -> Entry:
        """What the set records of the Secret."""
        return self.inventory.entry(self.key.name)

    def record(self, entry: Entry, *, wait: bool = True) -> None:
        """Write `entry` to the inventory."""
        self.inventory.put(self.key.name, entry, wait=wait)
