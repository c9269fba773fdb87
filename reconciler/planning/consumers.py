"""Which workloads use which Secret, as far as the store and the manifests show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.model.consumers import Consumer
from reconciler.model.fields import DATA
from reconciler.model.objects import SERVICE_ACCOUNT, Desired, ObjectKey
from reconciler.model.plans import Action, Change
from reconciler.model.store import Snapshot
from reconciler.rules import account_consumers

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Users:
    """Who uses which Secret.

    ``unseen`` are the namespaces in which there may be more users, ``None`` if the store was not
    asked. ``everybody`` has the users of each Secret, sorted, both live ones and those in
    manifests; ``replaced`` are the live ones whose manifest is among the manifests.
    """

    unseen: frozenset[str] | None
    everybody: Mapping[ObjectKey, tuple[Consumer, ...]]
    replaced: frozenset[Consumer]

    def are_known(self, secret: ObjectKey) -> bool:
        """Whether there can be no other users of the Secret."""
        return self.unseen is not None and secret.namespace not in self.unseen

    def of(self, secret: ObjectKey) -> tuple[Consumer, ...]:
        """The users of a Secret; if a user has a manifest, the live object does not count."""
        return tuple(user for user in self.everybody.get(secret, ()) if user not in self.replaced)


def users_of(
    snapshot: Snapshot, named: Mapping[ObjectKey, Desired], manifests: Iterable[Consumer]
) -> Users:
    """The users in the store and in `manifests`, and the ServiceAccounts of both."""
    written = {*manifests, *_accounts(named)}
    live = {*(snapshot.consumers or ()), *_live_accounts(snapshot)}
    held = {str(user) for user in written}
    everybody: dict[ObjectKey, list[Consumer]] = defaultdict(list)
    for user in sorted(written | live):
        everybody[user.secret].append(user)
    return Users(
        unseen=None if snapshot.consumers is None else snapshot.unseen,
        everybody={secret: tuple(consumers) for secret, consumers in everybody.items()},
        replaced=frozenset(user for user in live if not user.manifest and str(user) in held),
    )


def with_consumers(
    changes: Iterable[Change], users: Users, predecessors: Mapping[ObjectKey, ObjectKey]
) -> list[Change]:
    """Add to each change the consumers that it affects; to a new version, its predecessor's."""
    if not users.everybody:
        return list(changes)
    result = []
    for change in changes:
        affected = _affected(change, users, predecessors)
        result.append(replace(change, consumers=affected) if affected else change)
    return result


def named_users(consumers: Iterable[Consumer]) -> str:
    """The users as ``Deployment/shop/web, Pod/shop/a and 3 more``, without duplicates."""
    names = list(dict.fromkeys(map(str, consumers)))
    shown, more = names[:_SHOWN], len(names) - _SHOWN
    return f"{', '.join(shown)} and {more} more" if more > 0 else ", ".join(shown)


def _affected(
    change: Change, users: Users, predecessors: Mapping[ObjectKey, ObjectKey]
) -> tuple[Consumer, ...]:
    match change.action:
        case Action.CREATE if change.key in predecessors:
            return users.everybody.get(predecessors[change.key], ())
        case Action.REPLACE | Action.DELETE:
            return users.of(change.key)
        case Action.UPDATE:
            keys = {field.path[1] for field in change.fields if field.path[0] == DATA}
            return tuple(user for user in users.of(change.key) if keys and user.key in {*keys, ""})
        case _:
            return ()


def _accounts(named: Mapping[ObjectKey, Desired]) -> Iterator[Consumer]:
    for key, resource in named.items():
        if key.kind == SERVICE_ACCOUNT:
            source = resource.source
            yield from account_consumers(resource, f"{source.file}:{source.line}")


def _live_accounts(snapshot: Snapshot) -> Iterator[Consumer]:
    for key, live in snapshot.objects.items():
        if key.kind == SERVICE_ACCOUNT:
            yield from account_consumers(live)
