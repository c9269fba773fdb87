"""The parent and the members of a set, read before anybody asks for them.

Every read of a set needs them, whatever else it looks at; so they are on their way while manifests
are loaded, which takes about as long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from reconciler.errors import ReconcilerError
from reconciler.model.objects import KINDS
from reconciler.stores.kubernetes import listing, paths, wire
from reconciler.stores.kubernetes.seen import SeenObject, seen_of
from reconciler.stores.kubernetes.sets import ClusterSet

PARENT = "parent"
Result = TypeVar("Result")


class Ahead:
    """A read in progress of a set.

    Its threads end with the process, whatever they wait for: nobody may ever want the results.
    """

    def __init__(self, cluster_set: ClusterSet) -> None:
        self._set_name = cluster_set.name
        self._results: dict[str, Future[Any]] = {}
        self._begin(PARENT, cluster_set.find)
        for kind in KINDS:
            self._begin(kind, partial(_members, cluster_set, kind))

    def _begin(self, part: str, job: Callable[[], Any]) -> None:
        result = self._results[part] = Future()
        threading.Thread(target=_run, args=(job, result), daemon=True).start()

    def taken(self, set_name: str, part: str, otherwise: Callable[[], Result]) -> Result:
        """What was read of `part`: the `PARENT`, or the members of a kind.

        It is given away once, since a later read wants to see what has changed. Where there is
        nothing, or it could not be read, it is what `otherwise` reads: so errors and missing rights
        are told by one place.
        """
        reading = self._results.pop(part, None) if set_name == self._set_name else None
        if reading is None:
            return otherwise()
        try:
            result: Result = reading.result()
        except ReconcilerError:
            return otherwise()
        return result


def _run(job: Callable[[], Result], result: Future[Result]) -> None:
    try:
        result.set_result(job())
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
        result.set_exception(error)


def _members(cluster_set: ClusterSet, kind: str) -> list[SeenObject]:
    look, selector = seen_of(kind), f"{wire.PART_OF}={cluster_set.id}"
    return listing.pages(cluster_set.connection, paths.collection(kind), look, selector=selector)
