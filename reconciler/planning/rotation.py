"""Moving what uses a Secret to the object that has taken its place, where the store can do that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reconciler.model.consumers import Consumer
from reconciler.model.fields import DATA, Fields
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Change, Note, PlanOptions, Reason
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import ValueRef

_MOVED = "{} is updated to the new version, and its tasks start anew"
_STAYS = "{} keeps the old version, which stays until then: --rotate-services updates it"
_LOSES = "{} keeps the old version: the new one has no {}"
_OUTDATED = "{} still uses an old version of {}: --rotate-services updates it"


def is_due(key: ObjectKey, snapshot: Snapshot, options: PlanOptions) -> bool:
    """Whether old versions of `key` are left of which this plan can make an end."""
    users = snapshot.outdated.get(key)
    return users is not None and (options.rotate_services or not users)


def allows_replace(change: Change, snapshot: Snapshot, options: PlanOptions) -> bool:
    """Whether the wish to rotate allows a replace, of values that are known to differ."""
    unknowable = any(
        isinstance(field.before, ValueRef) and field.before.unread and not field.before.fingerprint
        for field in change.fields
    )
    return (
        options.rotate_services
        and Capability.ROTATION in snapshot.capabilities
        and not unknowable
        and not {Reason.TYPE, Reason.UNSEAL, Reason.IMMUTABLE} & {*change.reasons}
    )


def notes(
    key: ObjectKey, before: Fields, target: Fields, snapshot: Snapshot, options: PlanOptions
) -> Iterator[Note]:
    """What becomes of each user of `key`, which is made anew as `target`, one after the other."""
    if Capability.ROTATION not in snapshot.capabilities:
        return
    data = {path for path in (*before, *target) if path[0] == DATA}
    changed = {path[1] for path in data if before.get(path) != target.get(path)}
    # Without a change of data, it is the whole that is made anew.
    found = [one for one in snapshot.consumers or () if _touched(one, key, changed)]
    for one in sorted({*found, *snapshot.outdated.get(key, ())}):
        if one.key and (DATA, one.key) not in target:
            yield Note("service-keeps-old", _LOSES.format(_shown(one), one.key))
        elif options.rotate_services:
            yield Note("service-updated", _MOVED.format(_shown(one)))
        else:
            yield Note("service-keeps-old", _STAYS.format(_shown(one)))


def users_moved(key: ObjectKey, snapshot: Snapshot, options: PlanOptions) -> Iterator[Note]:
    """What becomes of each user of an old version of `key`, which itself stays as it is."""
    if options.rotate_services:
        for one in snapshot.outdated.get(key, ()):
            yield Note("service-updated", _MOVED.format(_shown(one)))


def notices(keys: Iterable[ObjectKey], snapshot: Snapshot, options: PlanOptions) -> Iterator[Note]:
    """Who uses old versions that this plan leaves as they are."""
    if options.rotate_services:
        return
    for key in keys:
        for one in snapshot.outdated.get(key, ()):
            yield Note("old-version-used", _OUTDATED.format(_shown(one), key))


def _touched(one: Consumer, key: ObjectKey, data: Collection[str]) -> bool:
    return one.secret == key and (not data or not one.key or one.key in data)


def _shown(one: Consumer) -> str:
    return f"{one} ({one.field})" if one.field else str(one)
