"""Requests to an API server, through the official client's configuration and connection pool.

The client's typed calls are not used: importing them costs more than a second, and they drop
fields that they do not know. Its configuration, credentials and pool are what authenticates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import orjson
import urllib3
from urllib3.exceptions import HTTPError

from reconciler.errors import StoreError, StoreUnavailable
from reconciler.model.values import SecretValue
from reconciler.stores.kubernetes import faults
from reconciler.stores.urls import shown_url
from reconciler.version import __version__

MANAGER = "reconciler"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_TRIES = 5
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 30.0
_CLOCK_TOLERANCE = 2.0
_CLOCK_YEARS = range(1970, 9999)  # beyond them, a Lease's times could not be written
_OK = range(200, 300)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer to a request that it accepted."""

    body: bytes = field(repr=False)
    warnings: tuple[str, ...] = ()

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            StoreError: it is none.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise StoreError("the API server answered something that is not JSON") from None


class Pool(Protocol):
    """Makes requests, as `urllib3.PoolManager` does; for several threads at once."""

    def request(  # noqa: D102
        self, method: str, url: str, *, body: bytes | None, headers: dict[str, str], **how: Any
    ) -> urllib3.BaseHTTPResponse: ...

    def clear(self) -> None: ...  # noqa: D102


class Connection:
    """One server and one user; may be used from several threads at once.

    `host` is where paths begin, `shown` is what people are shown of it. `headers` gives those that
    each request is made with, besides its own: what authenticates it, unless `pool` does.
    """

    def __init__(
        self, host: str, pool: Pool, headers: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.host = host
        self.shown = shown_url(host)
        self._pool = pool
        self._headers = headers
        self._timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._last_date = ("", 0.0)

    def now(self) -> float:
        """The time in seconds since the epoch: this machine's, or the server's where they differ.

        Leases of other machines are judged by it.
        """
        return time.time() + self._offset()

    @property
    def clock(self) -> str:
        """Whose clock `now` is, in words."""
        return "the API server" if self._offset() else "this machine"

    def _offset(self) -> float:
        """The seconds by which the server's clock is ahead of this machine's."""
        written, noted = self._last_date
        try:
            date = parsedate_to_datetime(written)
        except (ValueError, OverflowError):  # no answer yet, or one without a date
            return 0.0
        if date.tzinfo is None or date.year not in _CLOCK_YEARS:
            return 0.0
        offset = date.timestamp() - noted
        return offset if abs(offset) > _CLOCK_TOLERANCE else 0.0

    def get(self, path: str, what: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON at `path`; tried again where the server is busy or the connection is cut.

        Raises:
            StoreError: see `reconciler.stores.kubernetes.faults`.
        """
        return self.fetch(path, what, query).json()

    def fetch(
        self, path: str, what: str, query: Mapping[str, str] | None = None, accept: str = JSON
    ) -> Answer:
        """The answer to a GET."""
        return retried(lambda: self.request("GET", path, what, query=query, accept=accept))

    def ask(self, path: str, what: str, body: Any) -> Any:
        """The JSON answer to a POST that changes nothing, such as a review."""
        return retried(lambda: self.request("POST", path, what, body=body)).json()

    def request(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
        values: Sequence[SecretValue] = (),
    ) -> Answer:
        """Make one request, once. `what` names its object in errors.

        `values` are those of its body, and of the object as it is: an answer may quote both.

        Raises:
            StoreUnavailable: the server is busy, or the connection was cut; whether the request
                took effect is not known then.
            StoreError: the server refuses.
        """
        url = f"{self.host}{path}"
        if query:
            url = f"{url}?{urlencode(query)}"
        headers = {**self._headers(), "Accept": accept, "User-Agent": f"{MANAGER}/{__version__}"}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            answer = self._pool.request(
                method,
                url,
                body=None if body is None else orjson.dumps(body),
                headers=headers,
                timeout=self._timeout,
                retries=False,
                preload_content=True,
            )
        except (HTTPError, OSError) as error:
            raise faults.unreached(what, self.shown, error) from None
        self._last_date = (answer.headers.get("Date", ""), time.time())
        if answer.status not in _OK:
            raise faults.refusal(what, answer.status, answer.headers, answer.data, values)
        warnings = (faults.scrubbed(text, values) for text in _warnings(answer.headers))
        return Answer(answer.data, tuple(warnings))

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


def retried(request: Callable[[], Result]) -> Result:
    """The answer of `request`, repeated while the server is busy or connections are cut.

    Only for what is harmless to repeat.
    """
    delay = _FIRST_DELAY
    for _ in range(_TRIES - 1):
        try:
            return request()
        except StoreUnavailable as fault:
            asked = delay if fault.retry_after is None else fault.retry_after
            time.sleep(min(asked, _LONGEST_DELAY))
            delay *= 2
    return request()


def _warnings(headers: Any) -> Iterable[str]:
    """The server's warnings, which HTTP writes as ``299 - "text"`` (RFC 7234, 5.5)."""
    for line in headers.getlist("Warning") if hasattr(headers, "getlist") else ():
        code, _, rest = line.partition(" ")
        if code == "299":
            _, _, text = rest.partition(" ")
            yield text.strip().removeprefix('"').removesuffix('"').replace('\\"', '"')
