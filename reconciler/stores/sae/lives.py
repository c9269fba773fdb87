"""Secrets of the service as live objects: what it holds of them, and what a set remembers."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.objects import Applied, Live, ObjectKey
from reconciler.model.plans import FieldPath
from reconciler.model.values import SecretValue
from reconciler.stores.sae import wire
from reconciler.stores.sae.entries import Copy, Entry
from reconciler.stores.sae.service import Found

IsSo = Callable[[str, FieldPath, SecretValue, str], bool]
"""Whether, in a namespace, the value of a field has a fingerprint."""


def live(key: ObjectKey, found: Found, entry: Entry, set_name: str, is_so: IsSo | None) -> Live:
    """A Secret as a live object, owned by the set if its `entry` says so.

    Without `is_so`, which tells whether a value has a fingerprint, an entry of a create that may
    not have happened says nothing.
    """
    data = wire.data_of(found.raw)

    def holds(path: FieldPath, mark: str) -> bool:
        name = path[1]
        return is_so is not None and name in data and is_so(key.namespace, path, data[name], mark)

    applied = entry.record(set_name, found.item.id, holds)
    return Live(
        key=key,
        generate_name=entry.generate_name if applied else "",
        type=found.item.type,
        immutable=entry.immutable and applied is not None,
        data=data,
        uid=str(found.item.id),
        resource_version=str(found.item.updated),
        created=wire.time_text(found.item.created),
        applied=applied,
    )


def copied(key: ObjectKey, found: Found, copy: Copy, set_name: str) -> Live:
    """The object that a copy was made of, as it was."""
    return Live(
        key=key,
        generate_name=copy.generate_name,
        type=found.item.type,
        immutable=copy.immutable,
        data=wire.data_of(found.raw),
        uid=str(copy.id),
        resource_version=str(copy.updated),
        created=wire.time_text(copy.created),
        applied=None if copy.fields is None else Applied(set_name=set_name, fields=copy.fields),
    )
