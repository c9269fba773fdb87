"""What uses Secrets in a cluster: the objects that refer to one, by `reconciler.rules`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.model.consumers import Consumer
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Note
from reconciler.model.store import Workload
from reconciler.rules.consumers import CONSUMER_GROUPS, consumers_among, workload_of
from reconciler.rules.consumers import Workload as Using
from reconciler.stores.kubernetes import listing, paths, rollouts
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.faults import Forbidden

_Item = tuple[Using, Workload]


@dataclass(frozen=True, slots=True)
class ConsumerRead:
    """The result of a read.

    ``consumers`` are sorted. ``workloads`` are those of them that run Pods. ``unseen`` has, for
    each namespace, the kinds in it that may not be listed.
    """

    consumers: tuple[Consumer, ...]
    workloads: Mapping[ObjectKey, Workload]
    unseen: Mapping[str, Sequence[str]]


def read(connection: Connection, namespaces: Iterable[str]) -> ConsumerRead:
    """Read what uses Secrets.

    Raises:
        StoreError: the server cannot be reached.
    """
    places = tuple(namespaces)
    unseen: dict[str, list[str]] = {}
    with ThreadPoolExecutor(len(CONSUMER_GROUPS)) as pool:
        read_kind = partial(_of_kind, connection, places, unseen)
        items = [item for kind in pool.map(read_kind, CONSUMER_GROUPS) for item in kind]
    consumers = {*consumers_among(user for user, _ in items)}
    counting = {(user.kind, user.namespace, user.name) for user in consumers}
    workloads = {ObjectKey(*user.name.split("/")): workload for user, workload in items}
    return ConsumerRead(
        tuple(sorted(consumers)),
        {key: workload for key, workload in workloads.items() if tuple(key) in counting},
        unseen,
    )


def _of_kind(
    connection: Connection, namespaces: Iterable[str], unseen: dict[str, list[str]], kind: str
) -> list[_Item]:
    def look(item: Mapping[str, Any]) -> _Item | None:
        user = workload_of(item, kind)
        return None if user is None else (user, rollouts.workload(item, kind))

    def listed(namespace: str = "") -> list[_Item]:
        path = paths.collection(kind, namespace)
        return [item for item in listing.pages(connection, path, look) if item is not None]

    try:
        return listed()
    except Forbidden:
        items: list[_Item] = []
        for namespace in namespaces:
            try:
                items += listed(namespace)
            except Forbidden:
                unseen.setdefault(namespace, []).append(paths.plural(kind))
        return items


def unseen_notices(unseen: Mapping[str, Sequence[str]]) -> Iterator[Note]:
    """A notice for each namespace in which consumers may not be listed."""
    for namespace, kinds in sorted(unseen.items()):
        yield Note(
            "consumers-unseen",
            f"{', '.join(sorted(kinds))} in {namespace} may not be listed, so it is unknown what "
            "uses Secrets there",
        )
