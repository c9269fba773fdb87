"""Lists of an API server, page by page (API concepts: Retrieving large results sets in chunks)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
    """Apply `look` to each object of a list, as of one moment; two pages at the most are kept raw.

    While `look` is at one page, the next is on its way. The list starts again where its continue
    token expires.

    Raises:
        Forbidden: this user may not list there.
        StoreError: the server cannot be reached, or the token expires again and again.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return _listed(partial(_page, connection, path, selector, accept), look)
        except ListExpired:
            if attempt == _TRIES:
                raise
    raise AssertionError("the last try ends the loop")


def _listed(page_at: Callable[[str], Any], look: Callable[[Item], Seen]) -> list[Seen]:
    page = page_at("")
    token = _next(page)
    if not token:
        return [look(item) for item in page.get("items") or ()]
    objects: list[Seen] = []
    with ThreadPoolExecutor(1) as ahead:
        while token:
            coming = ahead.submit(page_at, token)
            objects += map(look, page.get("items") or ())
            page = coming.result()
            token = _next(page)
    objects += map(look, page.get("items") or ())
    return objects


def _next(page: Any) -> str:
    token: str = page["metadata"].get("continue") or ""
    return token


def _page(connection: Connection, path: str, selector: str, accept: str, token: str) -> Any:
    query = {"limit": str(PAGE)}
    if selector:
        query["labelSelector"] = selector
    if token:
        query["continue"] = token
    return connection.fetch(path, path.rpartition("/")[2], query, accept).json()
