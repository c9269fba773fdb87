"""The input of the guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.lifecycle import Lifecycle, lifecycle
from reconciler.model.objects import Desired, InputYield, Live, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Change
from reconciler.model.store import Snapshot
from reconciler.planning.consumers import Users


@dataclass(frozen=True, slots=True)
class Guarded:
    """The input of the guards: the changes, and the manifests of their objects.

    ``inputs`` are the sources of the manifests, if the caller gives them.
    """

    changes: Sequence[Change]
    named: Mapping[ObjectKey, Desired]
    snapshot: Snapshot
    options: PlanOptions
    users: Users
    inputs: Sequence[InputYield] = ()

    def live(self, key: ObjectKey) -> Live | None:
        """The live object of a change, if there is one."""
        return self.snapshot.objects.get(key)

    def held(self, key: ObjectKey) -> Live | None:
        """The live object of a change, or the kept copy of it."""
        return self.snapshot.objects.get(key) or self.snapshot.copies.get(key)

    def lifecycle(self, key: ObjectKey) -> Lifecycle:
        """The lifecycle annotations in the manifest of the object of a change."""
        resource = self.named.get(key)
        return Lifecycle() if resource is None else lifecycle(resource)
