"""Requests to an API server, through the official client's configuration and connection pool.

The client's typed calls are not used: importing them costs more than a second, and they drop
fields that they do not know. Its configuration, credentials and pool are what authenticates.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import orjson
import urllib3
from kubernetes import client, config
from kubernetes.config import ConfigException, kube_config
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from reconciler.errors import ConfigError, StoreError, StoreUnavailable
from reconciler.model.values import SecretValue
from reconciler.stores.kubernetes import faults
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
_OK = range(200, 300)
Result = TypeVar("Result")
_OTHER_KUBECONFIG = "choose a file with --kubeconfig or KUBECONFIG, a context with --kube-context"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered to a request that it accepted."""

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
    """What makes requests, as `urllib3.PoolManager` does; for several threads at once."""

    def request(  # noqa: D102
        self, method: str, url: str, *, body: bytes | None, headers: dict[str, str], **how: Any
    ) -> urllib3.BaseHTTPResponse: ...

    def clear(self) -> None: ...  # noqa: D102


class Connection:
    """One server and one user; may be used from several threads at once.

    `host` is where paths begin, and is shown to people. `headers` gives those that each request is
    made with, besides its own: what authenticates it, unless `pool` does.
    """

    def __init__(
        self, host: str, pool: Pool, headers: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.host = host
        self._pool = pool
        self._headers = headers
        self._timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._last_date = ("", 0.0)

    def now(self) -> float:
        """The time in seconds since the epoch: this machine's, or the server's where they differ.

        Leases of other machines are judged by it.
        """
        date, noted = self._last_date
        try:
            offset = parsedate_to_datetime(date).timestamp() - noted
        except ValueError:  # no answer yet, or one without a date
            offset = 0.0
        return time.time() + (offset if abs(offset) > _CLOCK_TOLERANCE else 0.0)

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
        """The JSON that a POST is answered with which changes nothing, such as a review."""
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
            raise faults.unreached(what, self.host, error) from None
        self._last_date = (answer.headers.get("Date", ""), time.time())
        if answer.status not in _OK:
            raise faults.refusal(what, answer.status, answer.headers, answer.data, values)
        warnings = (faults.scrubbed(text, values) for text in _warnings(answer.headers))
        return Answer(answer.data, tuple(warnings))

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


def retried(request: Callable[[], Result]) -> Result:
    """What `request` answers, asked again while the server is busy or connections are cut.

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


def connect(context: str, kubeconfig: str, environ: Mapping[str, str], workers: int) -> Connection:
    """A connection as kubectl would make it: by kubeconfig, or within a cluster by its account.

    Raises:
        ConfigError: neither is there, or what is there cannot be used.
    """
    settings = client.Configuration()
    files = kubeconfig or environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    is_there = any(Path(name).exists() for name in files.split(os.pathsep) if name)
    within = "KUBERNETES_SERVICE_HOST" in environ and not (is_there or kubeconfig or context)
    if not (within or is_there):
        raise ConfigError(f"the kubeconfig {files} does not exist", hint=_OTHER_KUBECONFIG)
    with _complaints() as heard, _files_of_client() as place:
        try:
            if within:
                config.load_incluster_config(client_configuration=settings)
            else:
                config.load_kube_config(
                    config_file=files,
                    context=context or None,
                    client_configuration=settings,
                    temp_file_path=place,
                )
        except ConfigException as error:
            raise ConfigError(
                f"the kubeconfig cannot be used: {error}", hint=_OTHER_KUBECONFIG
            ) from None
        except Exception as error:  # noqa: BLE001 - a parser's own text may hold a credential
            raise ConfigError(
                f"the kubeconfig {files} cannot be read: {type(error).__name__}",
                hint=_OTHER_KUBECONFIG,
            ) from None
        pool = pool_of(settings, workers)
        _read_certificates(pool)
    if heard:
        raise ConfigError(
            f"the kubeconfig's credentials plugin gives none: {'; '.join(heard)}",
            hint="run what the kubeconfig has under 'exec' by hand, or log in again",
        )
    return Connection(str(settings.host), pool, partial(_credentials, settings))


@contextmanager
def _files_of_client() -> Iterator[str]:
    """A directory for the certificates and keys of a kubeconfig, which the client writes to files.

    It would keep them as long as the process runs, and one that is killed would leave them.
    """
    with TemporaryDirectory(prefix="reconciler-") as place:
        try:
            yield place
        finally:
            # The client remembers its files by their content, for the next one who has the same.
            remembered: dict[str, str] = getattr(kube_config, "_temp_files", {})
            for content, name in [*remembered.items()]:
                if Path(name).is_relative_to(place):
                    del remembered[content]


def pool_of(settings: client.Configuration, workers: int) -> urllib3.PoolManager:
    """The connections that `settings` ask for, proxies of the environment included."""
    settings.connection_pool_maxsize = workers + 2
    pool: urllib3.PoolManager = client.ApiClient(settings).rest_client.pool_manager
    return pool


def _read_certificates(pool: urllib3.PoolManager) -> None:
    """Take the certificates and keys of `pool` from their files once and for all.

    Raises:
        ConfigError: they cannot be used.
    """
    settings = pool.connection_pool_kw
    context = create_urllib3_context(cert_reqs=settings["cert_reqs"])
    authority = settings.pop("ca_certs")
    certificate, key = settings.pop("cert_file"), settings.pop("key_file")
    try:
        if authority:
            context.load_verify_locations(authority)
        else:
            context.load_default_certs()
    except OSError:  # as all errors of OpenSSL are
        raise ConfigError(
            "the certificate authority of the cluster cannot be used",
            hint="look at the cluster's certificate-authority in the kubeconfig",
        ) from None
    try:
        if certificate:
            context.load_cert_chain(certificate, key)
    except OSError:
        raise ConfigError(
            "the client certificate or its key cannot be used",
            hint="look at the user's client-certificate and client-key in the kubeconfig",
        ) from None
    settings["ssl_context"] = context


def _credentials(settings: client.Configuration) -> dict[str, str]:
    """The headers that authenticate; asked for each time, as plugins renew them."""
    found: Mapping[str, Any] = settings.auth_settings()
    return {each["key"]: each["value"] for each in found.values()}


class _Listener(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text."""
        self._heard.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What is logged as an error meanwhile.

    The official client logs what is wrong with a credentials plugin, and goes on as nobody.
    """
    heard: list[str] = []
    listener = _Listener(heard)
    logging.getLogger().addHandler(listener)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(listener)


def _warnings(headers: Any) -> Iterable[str]:
    """The server's warnings, which HTTP writes as ``299 - "text"`` (RFC 7234, 5.5)."""
    for line in headers.getlist("Warning") if hasattr(headers, "getlist") else ():
        code, _, rest = line.partition(" ")
        if code == "299":
            _, _, text = rest.partition(" ")
            yield text.strip().removeprefix('"').removesuffix('"').replace('\\"', '"')
