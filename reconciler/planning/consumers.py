"""Who uses which Secret, as far as the store and the manifests tell."""

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

    ``unseen`` are the namespaces of which not all users are known, ``None`` where the store was not
    asked. ``everybody`` has the users of each Secret, live ones and those of manifests, sorted;
    ``replaced`` are those live ones of which a manifest says something else.
    """

    unseen: frozenset[str] | None
    everybody: Mapping[ObjectKey, tuple[Consumer, ...]]
    replaced: frozenset[Consumer]

    def are_known(self, secret: ObjectKey) -> bool:
        """Whether nobody else uses the Secret than those who are known."""
        return self.unseen is not None and secret.namespace not in self.unseen

    def of(self, secret: ObjectKey) -> tuple[Consumer, ...]:
        """The users of a Secret; where a manifest holds one, what is live of it does not count."""
        return tuple(one for one in self.everybody.get(secret, ()) if one not in self.replaced)


def users(
    snapshot: Snapshot, named: Mapping[ObjectKey, Desired], manifests: Iterable[Consumer]
) -> Users:
    """Put together what the store tells, what `manifests` hold, and the accounts of both."""
    written = {*manifests, *_accounts(named)}
    live = {*(snapshot.consumers or ()), *_live_accounts(snapshot)}
    held = {str(one) for one in written}
    found: dict[ObjectKey, list[Consumer]] = defaultdict(list)
    for one in sorted(written | live):
        found[one.secret].append(one)
    return Users(
        unseen=None if snapshot.consumers is None else snapshot.unseen,
        everybody={secret: tuple(consumers) for secret, consumers in found.items()},
        replaced=frozenset(one for one in live if not one.manifest and str(one) in held),
    )


def with_consumers(
    changes: Iterable[Change], known: Users, predecessors: Mapping[ObjectKey, ObjectKey]
) -> list[Change]:
    """Each change with those whom it touches; of a new version, those who name the one before."""
    if not known.everybody:
        return list(changes)
    found = []
    for change in changes:
        touched = _affected(change, known, predecessors)
        found.append(replace(change, consumers=touched) if touched else change)
    return found


def named_users(consumers: Iterable[Consumer]) -> str:
    """``Deployment/shop/web, Pod/shop/a and 3 more``; each once."""
    names = list(dict.fromkeys(str(one) for one in consumers))
    shown, more = names[:_SHOWN], len(names) - _SHOWN
    return f"{', '.join(shown)} and {more} more" if more > 0 else ", ".join(shown)


def _affected(
    change: Change, known: Users, predecessors: Mapping[ObjectKey, ObjectKey]
) -> tuple[Consumer, ...]:
    match change.action:
        case Action.CREATE if change.key in predecessors:
            return known.everybody.get(predecessors[change.key], ())
        case Action.REPLACE | Action.DELETE:
            return known.of(change.key)
        case Action.UPDATE:
            keys = {field.path[1] for field in change.fields if field.path[0] == DATA}
            return tuple(one for one in known.of(change.key) if keys and one.key in {*keys, ""})
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
