"""What a store deletes along with an object: what it owns, and what a namespace holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from reconciler.model.fields import owner_key
from reconciler.model.objects import NAMESPACE, SERVICE_ACCOUNT, Desired, ObjectKey
from reconciler.model.store import Snapshot
from reconciler.planning.references import references_of


def cascades(
    named: Mapping[ObjectKey, Desired], snapshot: Snapshot
) -> Callable[[ObjectKey], frozenset[ObjectKey]]:
    """A function from an object to those that its delete takes along, live and desired ones."""
    owned = _owned(named, snapshot)
    return lambda key: owned.get(key, frozenset()) | _content(snapshot, key)


def _owned(
    named: Mapping[ObjectKey, Desired], snapshot: Snapshot
) -> Mapping[ObjectKey, frozenset[ObjectKey]]:
    """The objects, live and desired, that each object owns; of an account, its tokens too."""
    keys = {live.uid: live.key for live in snapshot.objects.values()}
    owned: dict[ObjectKey, frozenset[ObjectKey]] = defaultdict(frozenset)
    owners = [(live.key, owner.uid) for live in snapshot.objects.values() for owner in live.owners]
    owners += [
        (bystander.key, uid)
        for bystander in snapshot.bystanders.values()
        for uid in bystander.owner_uids
    ]
    for key, uid in owners:
        if uid in keys:
            owned[keys[uid]] |= {key}
    for live in snapshot.objects.values():
        for reference in references_of(live):
            if reference.target.kind == SERVICE_ACCOUNT:
                owned[reference.target] |= {live.key}
    for key, resource in named.items():
        for owner in resource.owners:
            owned[owner_key(owner, key.namespace)] |= {key}
    return owned


def _content(snapshot: Snapshot, key: ObjectKey) -> frozenset[ObjectKey]:
    """The content of a namespace, except its default account as long as no set owns that."""
    if key.kind != NAMESPACE:
        return frozenset()
    default_account = ObjectKey(SERVICE_ACCOUNT, key.name, "default")
    held = snapshot.objects.keys() | snapshot.bystanders.keys()
    inside = {other for other in held if other.namespace == key.name}
    account = snapshot.bystanders.get(default_account)
    is_nobodys = account is not None and account.set_name is None
    return frozenset(inside - {default_account} if is_nobodys else inside)
