"""What the guards look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.lifecycle import Lifecycle, lifecycle
from reconciler.model.objects import Desired, InputYield, Live, ObjectKey
from reconciler.model.plans import Change, PlanOptions
from reconciler.model.store import Snapshot
from reconciler.planning.consumers import Users


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the guards look at: the changes, and what the manifests say of their objects.

    ``inputs`` are where the manifests come from, as far as the caller says.
    """

    changes: Sequence[Change]
    named: Mapping[ObjectKey, Desired]
    snapshot: Snapshot
    options: PlanOptions
    users: Users
    inputs: Sequence[InputYield] = ()

    def live(self, key: ObjectKey) -> Live | None:
        """The live object of a change, where there is one."""
        return self.snapshot.objects.get(key)

    def held(self, key: ObjectKey) -> Live | None:
        """The live object of a change, or the copy that is kept of it."""
        return self.snapshot.objects.get(key) or self.snapshot.copies.get(key)

    def lifecycle(self, key: ObjectKey) -> Lifecycle:
        """What the manifest says of the object of a change."""
        resource = self.named.get(key)
        return Lifecycle() if resource is None else lifecycle(resource)
