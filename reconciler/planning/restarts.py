"""Which workloads are restarted, since their Pods would keep values that a plan changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.consumers import Consumer, Way
from reconciler.model.fields import DATA
from reconciler.model.objects import ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Change, Note, Precondition, Reason
from reconciler.model.store import Capability, Snapshot
from reconciler.planning.reach import Reach, reach_of

_UNABLE = "{} is not restarted: this store cannot do that"
_UNSURE = "{} is not restarted: its new Pods could be given the old value as well"
_HINDERED = "{} is not restarted: {}"
_OWED = "{} keeps old values of {}: an earlier apply was to restart it, and {} does"
_UNLISTED = Note(
    "restarts-unlisted",
    "--restart-workloads: this store does not show what runs, so the workloads that an apply "
    "restarts are not listed",
)
_KEEPS = {Way.VARIABLE, Way.SUB_PATH}
_FLAG = "--restart-workloads"


def with_restarts(
    changes: Sequence[Change],
    chosen: Collection[ObjectKey],
    snapshot: Snapshot,
    options: PlanOptions,
) -> list[Change]:
    """Add the restarts of workloads; and to changes of Secrets, which of their users stay.

    `chosen` are the objects that the plan is about: restarts that are owed for others are not.
    """
    if not options.restart_workloads:
        return list(changes)
    live = _by_secret(snapshot.consumers or ())
    stale: dict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    noted = []
    for change in changes:
        users = [*_affected(change, live.get(change.key, ()))]
        for user in users:
            if _is_restarted(change, user, snapshot):
                stale[_workload(user)].add(change.key)
        notes = tuple(dict.fromkeys(_left_alone(change, users, snapshot)))
        noted.append(replace(change, notes=(*change.notes, *notes)) if notes else change)
    owed = _owed({*chosen}, live, snapshot)
    return [*noted, *_restarts(stale, owed, snapshot)]


def _restarts(
    stale: Mapping[ObjectKey, Collection[ObjectKey]],
    owed: Mapping[ObjectKey, Collection[ObjectKey]],
    snapshot: Snapshot,
) -> Iterator[Change]:
    for key in sorted({*stale, *owed}):
        yield Change(
            key=key,
            action=Action.RESTART,
            reasons=(
                *((Reason.STALE_PODS,) if key in stale else ()),
                *((Reason.OWED,) if key in owed else ()),
            ),
            restarted_for=tuple(sorted({*stale.get(key, ()), *owed.get(key, ())})),
            precondition=Precondition(snapshot.workloads[key].uid, ""),
        )


def notices(snapshot: Snapshot, options: PlanOptions) -> Iterator[Note]:
    """What is owed and this plan does not do; and that a store cannot show what it would."""
    if options.restart_workloads:
        if Capability.RESTARTS not in snapshot.capabilities:
            yield _UNLISTED
        return
    for key, secrets in sorted(snapshot.owed.items()):
        names = ", ".join(map(str, secrets))
        yield Note("restart-owed", _OWED.format(key, names, _FLAG))


def debts(changes: Iterable[Change], snapshot: Snapshot) -> dict[ObjectKey, tuple[ObjectKey, ...]]:
    """What is to be noted before an apply: its own restarts, and what is owed besides them.

    Debts of workloads that are gone are forgotten, where all of them could be seen.
    """
    planned = {
        change.key: change.restarted_for for change in changes if change.action is Action.RESTART
    }
    lasting = {
        key: owed
        for key, owed in snapshot.owed.items()
        if key in snapshot.workloads or key.namespace in snapshot.unseen
    }
    return lasting | planned


def _by_secret(consumers: Iterable[Consumer]) -> dict[ObjectKey, list[Consumer]]:
    users: dict[ObjectKey, list[Consumer]] = defaultdict(list)
    for user in consumers:
        users[user.secret].append(user)
    return users


def _affected(change: Change, users: Iterable[Consumer]) -> Iterator[Consumer]:
    """The users whose Pods keep an old value after the change."""
    keys = {field.path[1] for field in change.fields if field.path[0] == DATA}
    for user in users:
        if keys and (not user.key or user.key in keys):
            reach = reach_of(change, user)
            if reach is Reach.RESTART or (reach is Reach.NAME and user.way in _KEEPS):
                yield user


def _is_restarted(change: Change, user: Consumer, snapshot: Snapshot) -> bool:
    workload = snapshot.workloads.get(_workload(user))
    is_free = workload is not None and not workload.hindrance
    return is_free and reach_of(change, user) is Reach.RESTART


def _left_alone(change: Change, users: Iterable[Consumer], snapshot: Snapshot) -> Iterator[Note]:
    for user in users:
        if _is_restarted(change, user, snapshot):
            continue
        workload = snapshot.workloads.get(_workload(user))
        if workload is None:
            text = _UNABLE.format(user)
        elif workload.hindrance:
            text = _HINDERED.format(user, workload.hindrance)
        else:
            text = _UNSURE.format(user)
        yield Note("not-restarted", text)


def _owed(
    chosen: Collection[ObjectKey],
    live: Mapping[ObjectKey, Sequence[Consumer]],
    snapshot: Snapshot,
) -> dict[ObjectKey, list[ObjectKey]]:
    """The debts that can be paid: of workloads that still use the Secret in such a way."""
    owed: dict[ObjectKey, list[ObjectKey]] = {}
    for key, secrets in snapshot.owed.items():
        workload = snapshot.workloads.get(key)
        if workload is None or workload.hindrance:
            continue
        using = [
            secret
            for secret in secrets
            if secret in chosen
            and any(_workload(user) == key and user.way in _KEEPS for user in live.get(secret, ()))
        ]
        if using:
            owed[key] = using
    return owed


def _workload(user: Consumer) -> ObjectKey:
    return ObjectKey(user.kind, user.namespace, user.name)
