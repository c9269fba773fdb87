"""Requests to a Docker Engine, and messages for its errors.

Its answers are those of 20.10.24 (API 1.41). No text of the engine is shown
where the request held a value.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from reconciler.errors import StoreError, StoreUnavailable
from reconciler.stores.urls import shown_url

Answer = Any
"""Decoded JSON, or ``None`` where the engine answers nothing."""

# A secrets driver that the engine does not know is looked for during 30 seconds.
_SECONDS = 90
_GRPC = re.compile(r"^rpc error: code = \w+ desc = ")
_GOOD, _BAD = 200, 300
_HEADERS = {"Content-Type": "application/json", "User-Agent": "reconciler"}
_NOTHING: Mapping[str, str] = {}
_PASSING = (429, 502, 503, 504)


class Refused(Exception):
    """The engine refuses a request; ``text`` is its own, and holds no value unless one was sent."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status)
        self.status = status
        self.text = text

    @property
    def out_of_sequence(self) -> bool:
        """Whether the version that the request named is no longer the object's."""
        return "update out of sequence" in self.text

    @property
    def user(self) -> str:
        """The services that use the secret, as the engine names them; empty for other refusals."""
        names = re.search(r"is in use by the following services?: (.*)", self.text)
        return names[1].strip() if names else ""


class Engine:
    """One engine, reached with `settings` of docker-py; connects with the first request."""

    def __init__(self, settings: Mapping[str, Any], workers: int) -> None:
        self._settings = dict(settings)
        self._workers = workers
        self._turn = threading.Lock()
        self._client: Any = None

    @property
    def shown(self) -> str:
        """The address without a password."""
        return shown_url(str(self._settings["base_url"]))

    def get(self, path: str, **filters: list[str]) -> Answer:
        """The resource at `path`, narrowed by `filters` as the API defines them."""
        query = {"filters": json.dumps(filters)} if filters else {}
        return self._request("GET", path, query)

    def post(self, path: str, body: Mapping[str, Any], version: int | None = None) -> Answer:
        """Create a resource, or update the resource at `path` that has that `version`."""
        query = {} if version is None else {"version": str(version)}
        return self._request("POST", path, query, orjson.dumps(body))

    def delete(self, path: str) -> None:
        """Remove the resource at `path`."""
        self._request("DELETE", path)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _request(
        self, method: str, path: str, query: Mapping[str, str] = _NOTHING, body: bytes = b""
    ) -> Answer:
        """Make a request.

        Raises:
            Refused: the engine says no.
            StoreUnavailable: it does not answer, or cannot just now.
            StoreError: it is no swarm manager, or cannot be reached so.
        """
        client = self._connected()
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            status, content = _answered(client, method, target, body)
        except Exception:  # noqa: BLE001 - of whatever library; its text may hold what was sent
            raise _away(self.shown) from None
        if _GOOD <= status < _BAD:
            return orjson.loads(content) if content.strip() else None
        raise self._error(status, _message(content))

    def _error(self, status: int, text: str) -> Exception:
        if "not a swarm manager" in text or "not part of a swarm" in text:
            return StoreError(
                f"the Docker Engine at {self.shown} is not a manager of a swarm",
                hint="name a manager with DOCKER_HOST, or make it one with: docker swarm init",
            )
        if "does not have a leader" in text or "context deadline exceeded" in text:
            return StoreUnavailable("the swarm has no leader just now")
        if status in _PASSING:
            return StoreUnavailable(f"the Docker Engine is busy (it answers {status})")
        return Refused(status, text)

    def _connected(self) -> Any:
        """The client of docker-py, whose API version is that of the engine.

        Raises:
            StoreUnavailable: the engine does not answer.
            StoreError: it cannot be reached so.
        """
        from docker.api.client import APIClient
        from docker.errors import DockerException

        with self._turn:
            if self._client is None:
                try:
                    self._client = APIClient(
                        **self._settings,
                        version="auto",
                        timeout=_SECONDS,
                        max_pool_size=self._workers,
                        user_agent="reconciler",
                    )
                except OSError:
                    raise _away(self.shown) from None
                except DockerException as error:
                    if _is_away(error):
                        raise _away(self.shown) from None
                    raise StoreError(
                        f"the Docker Engine at {self.shown} cannot be used "
                        f"({type(error).__name__})",
                        hint="see whether this works: docker version",
                    ) from None
            return self._client


def _answered(client: Any, method: str, target: str, body: bytes) -> tuple[int, bytes]:
    """Status and content of the answer.

    By a unix socket, the pool of docker-py's adapter is asked itself: what requests does on the
    way to it costs four times as much.
    """
    url = f"/v{client.api_version}{target}"
    adapter = client.get_adapter(client.base_url)
    if hasattr(adapter, "socket_path"):
        pool = adapter.get_connection(client.base_url)
        answer = pool.urlopen(
            method, url, body or None, _HEADERS, retries=False, timeout=_SECONDS, redirect=False
        )
        return answer.status, answer.data
    response = client.request(
        method, f"{client.base_url}{url}", data=body, headers=_HEADERS, timeout=_SECONDS
    )
    return response.status_code, response.content


def _away(shown: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"the Docker Engine at {shown} does not answer",
        hint="see whether it runs, and whether you may use it: docker version",
    )


def _is_away(error: BaseException) -> bool:
    """Whether a failed connection caused `error`."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _message(content: bytes) -> str:
    try:
        text = str(orjson.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return ""
    return _GRPC.sub("", text).strip()
