"""Updates the users of a Secret to the object that replaces it, if the store can."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reconciler.model.consumers import Consumer
from reconciler.model.fields import DATA, Fields
from reconciler.model.objects import ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Change, Note, Reason
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import ValueRef

_UPDATED = "{} is updated to the new version, which restarts it"
_STAYS = "{} keeps the old version, which stays until then: --rotate-services updates it"
_LOSES = "{} keeps the old version: the new one has no {}"
_OUTDATED = "{} still uses an old version of {}: --rotate-services updates it"


def is_due(key: ObjectKey, snapshot: Snapshot, options: PlanOptions) -> bool:
    """Whether there are old versions of `key` that this plan can remove."""
    users = snapshot.outdated.get(key)
    return users is not None and (options.rotate_services or not users)


def allows_replace(change: Change, snapshot: Snapshot, options: PlanOptions) -> bool:
    """Whether ``--rotate-services`` allows the replace: only if the values certainly differ."""
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
    """What happens to each user of `key`, which is replaced by `target`."""
    if Capability.ROTATION not in snapshot.capabilities:
        return
    data = {path for path in (*before, *target) if path[0] == DATA}
    changed = {path[1] for path in data if before.get(path) != target.get(path)}
    # If no data changes, the object as a whole is replaced.
    affected = [user for user in snapshot.consumers or () if _is_affected(user, key, changed)]
    for user in sorted({*affected, *snapshot.outdated.get(key, ())}):
        if user.key and (DATA, user.key) not in target:
            yield Note("service-keeps-old", _LOSES.format(_shown(user), user.key))
        elif options.rotate_services:
            yield Note("service-updated", _UPDATED.format(_shown(user)))
        else:
            yield Note("service-keeps-old", _STAYS.format(_shown(user)))


def user_updates(key: ObjectKey, snapshot: Snapshot, options: PlanOptions) -> Iterator[Note]:
    """What happens to each user of an old version of `key`, whose current version stays."""
    if options.rotate_services:
        for user in snapshot.outdated.get(key, ()):
            yield Note("service-updated", _UPDATED.format(_shown(user)))


def notices(keys: Iterable[ObjectKey], snapshot: Snapshot, options: PlanOptions) -> Iterator[Note]:
    """The users of old versions that this plan does not update."""
    if options.rotate_services:
        return
    for key in keys:
        for user in snapshot.outdated.get(key, ()):
            yield Note("old-version-used", _OUTDATED.format(_shown(user), key))


def _is_affected(user: Consumer, key: ObjectKey, data: Collection[str]) -> bool:
    return user.secret == key and (not data or not user.key or user.key in data)


def _shown(user: Consumer) -> str:
    return f"{user} ({user.field})" if user.field else str(user)
