"""What uses Secrets in a cluster: everything that the rules know to refer to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from reconciler.model.consumers import Consumer
from reconciler.model.plans import Note
from reconciler.rules.consumers import CONSUMER_GROUPS, consumers_of
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
        found = [one for kind in pool.map(read_kind, CONSUMER_GROUPS) for one in kind]
    return tuple(sorted(set(found))), unseen


def _of_kind(
    connection: Connection, namespaces: Iterable[str], unseen: dict[str, list[str]], kind: str
) -> list[Consumer]:
    def listed(namespace: str = "") -> list[Consumer]:
        path = paths.collection(kind, namespace)
        pages = listing.pages(connection, path, lambda item: [*consumers_of(item, kind)])
        return [consumer for found in pages for consumer in found]

    try:
        return listed()
    except Forbidden:
        found: list[Consumer] = []
        for namespace in namespaces:
            try:
                found += listed(namespace)
            except Forbidden:
                unseen.setdefault(namespace, []).append(paths.plural(kind))
        return found


def told(unseen: Mapping[str, Sequence[str]]) -> Iterator[Note]:
    """What is to be said of what may not be seen."""
    for namespace, kinds in sorted(unseen.items()):
        yield Note(
            "consumers-unseen",
            f"{', '.join(sorted(kinds))} in {namespace} may not be listed, so what uses Secrets "
            "there is not known",
        )
