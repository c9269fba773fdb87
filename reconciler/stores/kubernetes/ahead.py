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
from reconciler.stores.kubernetes import listing, paths, sets, wire
from reconciler.stores.kubernetes.connection import Connection
from reconciler.stores.kubernetes.seen import SeenObject, seen_of

PARENT = "parent"
Result = TypeVar("Result")


class Ahead:
    """A read in progress of the set `set_name`, whose parent is in `namespace`.

    Its threads end with the process, whatever they wait for: nobody may ever want the results.
    """

    def __init__(self, connection: Connection, set_name: str, namespace: str) -> None:
        self._set_name = set_name
        self._results: dict[str, Future[Any]] = {}
        find = partial(sets.find, connection, set_name, namespace)
        self._begin(PARENT, find)
        for kind in KINDS:
            self._begin(kind, partial(_members, connection, kind, set_name, namespace))

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


def _members(connection: Connection, kind: str, set_name: str, namespace: str) -> list[SeenObject]:
    selector = f"{wire.PART_OF}={sets.id_of(set_name, namespace)}"
    return listing.pages(connection, paths.collection(kind), seen_of(kind), selector=selector)
