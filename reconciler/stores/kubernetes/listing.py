"""Lists of an API server, page by page (API concepts: Retrieving large results sets in chunks)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from reconciler.stores.kubernetes.connection import JSON, Connection
from reconciler.stores.kubernetes.faults import ListExpired

PAGE = 500
Item = Mapping[str, Any]
Seen = TypeVar("Seen")
_TRIES = 3


def pages(
    connection: Connection,
    path: str,
    look: Callable[[Item], Seen],
    *,
    selector: str = "",
    accept: str = JSON,
) -> list[Seen]:
    """Apply `look` to each object of a list, as of one moment; only one page is kept raw.

    The list starts again where its continue token expires.

    Raises:
        Forbidden: this user may not list there.
        StoreError: the server cannot be reached, or the token expires again and again.
    """
    for attempt in range(1, _TRIES + 1):
        objects: list[Seen] = []
        token = ""
        try:
            while True:
                page = _page(connection, path, selector, accept, token)
                objects += map(look, page.get("items") or ())
                token = page["metadata"].get("continue") or ""
                if not token:
                    return objects
        except ListExpired:
            if attempt == _TRIES:
                raise
    raise AssertionError("the last try ends the loop")


def _page(connection: Connection, path: str, selector: str, accept: str, token: str) -> Any:
    query = {"limit": str(PAGE)}
    if selector:
        query["labelSelector"] = selector
    if token:
        query["continue"] = token
    return connection.fetch(path, path.rpartition("/")[2], query, accept).json()
