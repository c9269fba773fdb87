"""Requests through the API gateway: signed with an access key, or with a token."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping

import orjson

from reconciler.errors import StoreError
from reconciler.stores.kubernetes.connection import Pool
from reconciler.stores.kubernetes.engine.exchange import Reply

Sign = Callable[[str, str, bytes | None, Mapping[str, str]], tuple[str, dict[str, str]]]
"""From method, path with query, body and headers to path and headers of the signed request."""

_TOKEN = "X-Auth-Token"  # noqa: S105 - a header
_UNAUTHORIZED = 401
_FIRST_FAULT = 400
_PASSING = frozenset({429, 500, 502, 503, 504})
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HINTS = {
    401: "check the access key or the user, and that this machine's clock is right",
    403: "the user needs rights to use the cluster: a policy of IAM that allows CCE",
    404: "check the cluster's id and its region in the store's URL",
}


class Signed:
    """A pool whose requests `sign` signs, as they will be on the wire."""

    def __init__(self, pool: Pool, sign: Sign) -> None:
        self._pool = pool
        self._sign = sign

    def request(
        self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        """Sign a request and make it.

        Raises:
            StoreError: the gateway refuses it.
        """
        target, signed = self._sign(method, target, body, headers)
        return _let_through(self._pool.request(method, target, body=body, headers=signed))

    def cut(self) -> None:
        """End the connections that are in use."""
        self._pool.cut()

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class Renewed:
    """A pool whose requests carry a token, which is renewed once it is not accepted any more.

    `issue` gives a new one; a request that was refused for its token was not looked at further,
    so that it may be made again whatever it is.
    """

    def __init__(self, pool: Pool, issue: Callable[[], str]) -> None:
        self._pool = pool
        self._issue = issue
        self._lock = threading.Lock()
        self._token = ""

    def request(
        self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        """Make a request, with a new token where it takes one.

        Raises:
            StoreError: the gateway refuses it, or no token is given.
        """
        token = self._newer_than("")
        marked = {**headers, _TOKEN: token}
        reply = self._pool.request(method, target, body=body, headers=marked)
        if reply.status == _UNAUTHORIZED:
            marked[_TOKEN] = self._newer_than(token)
            reply = self._pool.request(method, target, body=body, headers=marked)
        return _let_through(reply)

    def cut(self) -> None:
        """End the connections that are in use."""
        self._pool.cut()

    def close(self) -> None:
        """Close the connections, and forget the token."""
        self._pool.close()
        self._token = ""

    def _newer_than(self, token: str) -> str:
        """A token that is not `token`; several threads are given the same one."""
        with self._lock:
            if self._token in {"", token}:
                self._token = self._issue()
            return self._token


def _let_through(reply: Reply) -> Reply:
    """The answer, unless the gateway itself refuses the request.

    A gateway that does not know the cluster answers 404 too; the object must not seem missing.
    The connection judges passing faults and the answers of the API server. Of the gateway's own
    text, only the code is shown.

    Raises:
        StoreError: the gateway refuses the request.
    """
    status = reply.status
    if status < _FIRST_FAULT or status in _PASSING:
        return reply
    try:
        content = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        content = None
    document = content if isinstance(content, dict) else {}
    if document.get("kind") == "Status":
        return reply
    code = str(document.get("error_code") or document.get("errorCode") or "")
    shown = f"{status} {code}" if _CODE.fullmatch(code) else str(status)
    raise StoreError(
        f"the gateway of Huawei Cloud refuses the request ({shown})", hint=_HINTS.get(status, "")
    )
