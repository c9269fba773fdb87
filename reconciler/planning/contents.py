"""The data of the objects of a plan, before and after it, while there still are values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.fields import DATA
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Change, FieldAction
from reconciler.model.store import Snapshot
from reconciler.model.values import SecretValue, ValueRef

_GONE = {Action.DELETE, Action.RELEASE}


@dataclass(frozen=True, slots=True)
class Contents:
    """``numbered`` are the values behind the references of the plan.

    ``successors`` has, by the key of an old version, that of the current one.
    """

    snapshot: Snapshot
    numbered: Mapping[int, SecretValue] = field(repr=False)
    successors: Mapping[ObjectKey, ObjectKey]

    def value(self, reference: object) -> SecretValue | None:
        """The value that a reference of the plan stands for."""
        return self.numbered[reference.number] if isinstance(reference, ValueRef) else None

    def after(self, change: Change) -> dict[str, SecretValue]:
        """The data of the object after the plan."""
        if change.action in _GONE:
            return {}
        live = self.snapshot.objects.get(change.key)
        data = {} if live is None else dict(live.data)
        for changed in change.fields:
            if changed.path[0] != DATA:
                continue
            value = self.value(changed.after)
            if changed.action is FieldAction.REMOVED or value is None:
                data.pop(changed.path[1], None)
            else:
                data[changed.path[1]] = value
        return data

    def is_in_successor(self, old: ObjectKey, name: str) -> bool:
        """Whether the current version has the same value of a key as the `old` one."""
        current = self.snapshot.objects.get(self.successors.get(old, old))
        before = self.snapshot.objects.get(old)
        return (
            current is not None
            and before is not None
            and current.key != old
            and name in current.data
            and current.data[name] == before.data[name]
        )
