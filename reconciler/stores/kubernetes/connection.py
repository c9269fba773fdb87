"""Requests to an API server, made by the engine with the official client's credentials.

Nothing else of that client is used: importing its typed calls takes more than a second, and they
drop fields that they do not know.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import orjson

from reconciler.errors import StoreError, StoreUnavailable
from reconciler.model.values import SecretValue
from reconciler.stores.kubernetes import faults
from reconciler.stores.kubernetes.engine.exchange import Reply
from reconciler.stores.kubernetes.engine.faults import Unanswered, Unsendable
from reconciler.stores.urls import shown_url
from reconciler.version import __version__

MANAGER = "reconciler"
_AGENT = f"{MANAGER}/{__version__}"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

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
    """Makes requests, as the engine's does; for several threads at once."""

    def request(  # noqa: D102
        self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply: ...

    def cut(self) -> None: ...  # noqa: D102

    def close(self) -> None: ...  # noqa: D102


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
        self._begin = urlsplit(host).path.rstrip("/")
        self._pool = pool
        self._headers = headers
        self._hurry = threading.Event()
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
        from email.utils import parsedate_to_datetime  # a plan does without

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
        return retried(
            lambda: self.request("GET", path, what, query=query, accept=accept), self._hurry.wait
        )

    def ask(self, path: str, what: str, body: Any) -> Any:
        """The JSON answer to a POST that changes nothing, such as a review."""
        asked = retried(lambda: self.request("POST", path, what, body=body), self._hurry.wait)
        return asked.json()

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
        target = f"{self._begin}{path}{_encoded(tuple(query.items())) if query else ''}"
        headers = {**self._headers(), "Accept": accept, "User-Agent": _AGENT}
        if body is not None:
            headers["Content-Type"] = content_type
        content = None if body is None else orjson.dumps(body)
        try:
            reply = self._pool.request(method, target, body=content, headers=headers)
        except Unsendable:
            raise StoreError(
                f"{what}: the credentials hold characters that HTTP does not allow",
                hint="look at the token in the kubeconfig, or at what its plugin prints",
            ) from None
        except Unanswered as error:
            raise faults.unreached(what, self.shown, error) from None
        self._last_date = (reply.header("date") or "", time.time())
        if reply.status not in _OK:
            raise faults.refusal(what, reply, values)
        warnings = reply.headers.get("warning")
        if warnings is None:
            return Answer(reply.body)
        texts = (faults.scrubbed(text, values) for text in _warnings(warnings))
        return Answer(reply.body, tuple(texts))

    def cut(self) -> None:
        """End what other threads wait for: answers, and the time between two tries."""
        self._hurry.set()
        self._pool.cut()

    def close(self) -> None:
        """End the connections."""
        self._pool.close()


def retried(
    request: Callable[[], Result], wait: Callable[[float], bool | None] = time.sleep
) -> Result:
    """The answer of `request`, repeated while the server is busy or connections are cut.

    Only for what is harmless to repeat. A `wait` that is true ends the tries.
    """
    delay = _FIRST_DELAY
    for _ in range(_TRIES - 1):
        try:
            return request()
        except StoreUnavailable as fault:
            asked = delay if fault.retry_after is None else fault.retry_after
            if wait(min(asked, _LONGEST_DELAY)):
                raise
            delay *= 2
    return request()


@lru_cache(maxsize=64)  # writes have all the same one
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    return f"?{urlencode(query)}"


def _warnings(lines: Iterable[str]) -> Iterator[str]:
    """The server's warnings, which HTTP writes as ``299 - "text"`` (RFC 7234, 5.5)."""
    for line in lines:
        code, _, rest = line.partition(" ")
        if code == "299":
            _, _, text = rest.partition(" ")
            yield text.strip().removeprefix('"').removesuffix('"').replace('\\"', '"')
