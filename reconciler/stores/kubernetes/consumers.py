"""What uses Secrets in a cluster: the objects that refer to one, by `reconciler.rules`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from reconciler.model.consumers import Consumer
from reconciler.model.plans import Note
from reconciler.rules.consumers import CONSUMER_GROUPS, Workload, consumers_among, workload_of
from reconciler.stores.kubernetes import listing, paths
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.faults import Forbidden


def read(
    connection: Connection, namespaces: Iterable[str]
) -> tuple[tuple[Consumer, ...], Mapping[str, Sequence[str]]]:
    """All consumers, sorted; and for each namespace, the kinds in it that may not be listed.

    Raises:
        StoreError: the server cannot be reached.
    """
    places = tuple(namespaces)
    unseen: dict[str, list[str]] = {}
    with ThreadPoolExecutor(len(CONSUMER_GROUPS)) as pool:
        read_kind = partial(_of_kind, connection, places, unseen)
        workloads = [item for kind in pool.map(read_kind, CONSUMER_GROUPS) for item in kind]
    return tuple(sorted({*consumers_among(workloads)})), unseen


def _of_kind(
    connection: Connection, namespaces: Iterable[str], unseen: dict[str, list[str]], kind: str
) -> list[Workload]:
    def listed(namespace: str = "") -> list[Workload]:
        path = paths.collection(kind, namespace)
        workloads = listing.pages(connection, path, lambda item: workload_of(item, kind))
        return [workload for workload in workloads if workload is not None]

    try:
        return listed()
    except Forbidden:
        workloads: list[Workload] = []
        for namespace in namespaces:
            try:
                workloads += listed(namespace)
            except Forbidden:
                unseen.setdefault(namespace, []).append(paths.plural(kind))
        return workloads


def unseen_notices(unseen: Mapping[str, Sequence[str]]) -> Iterator[Note]:
    """A notice for each namespace in which consumers may not be listed."""
    for namespace, kinds in sorted(unseen.items()):
        yield Note(
            "consumers-unseen",
            f"{', '.join(sorted(kinds))} in {namespace} may not be listed, so it is unknown what "
            "uses Secrets there",
        )
