"""The calls of the service, made through its SDK, one method for each.

All parameters, values included, travel in the URL. So the SDK's own exceptions and debug output
hold values: no exception gets out of here, and the output is switched off.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import ObjectNotFound, StoreError, StoreUnavailable
from reconciler.stores.kit.documents import Id, Listed
from reconciler.stores.kit.refusals import not_installed
from reconciler.stores.sae import faults, wire
from reconciler.stores.sae.pace import Pace, Patience
from reconciler.stores.sae.places import Place
from reconciler.version import __version__

_CONNECT_MILLISECONDS = 5_000
_READ_MILLISECONDS = 20_000
_SDK_LOGGERS = ("darabonba-core", "alibabacloud-tea")
_PATH = "/pop/v1/sam/secret"


@dataclass(frozen=True, slots=True)
class Item(Listed):
    """A Secret as a list shows it; times are in milliseconds, ``apps`` the names of its users."""

    type: str
    created: int
    apps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret with its data as the service holds it."""

    item: Item
    raw: wire.Raw = field(repr=False)


class Service:
    """A client of one region, for several threads at a time.

    `about` in each method is what a message calls the object. Reads are repeated after transient
    faults. Writes are not, since nobody knows whether they have happened, unless they are
    `patient`: then they are repeated where the service has refused them for being too many.
    """

    def __init__(
        self,
        place: Place,
        environ: Mapping[str, str],
        *,
        workers: int,
        qps: float,
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._client, self._models, self._runtime = _sdk(place, environ, workers)
        self._pace = Pace(qps, self._patience)
        self._warming = threading.Lock()
        self._warm = False
        self._described: dict[tuple[str, Id], Secret] = {}

    def list(self, namespace_id: str, about: str) -> dict[str, Item]:
        """The Secrets of a namespace by name, without their data.

        Raises:
            ObjectNotFound: there is no such namespace.
        """
        data = self._read("ListSecrets", about, namespace_id=namespace_id)
        items = [_item(entry) for entry in (data and data.secrets) or ()]
        return {item.name: item for item in items}

    def describe(self, namespace_id: str, secret_id: Id, about: str) -> Secret:
        """A Secret with its data."""
        data = self._read("DescribeSecret", about, namespace_id=namespace_id, secret_id=secret_id)
        if data is None or data.secret_id is None:
            raise StoreError(f"{about}: the service's answer has no data")
        raw = {str(key): str(text) for key, text in (data.secret_data or {}).items()}
        secret = Secret(_item(data), raw)
        self._described[namespace_id, secret_id] = secret
        return secret

    def secret(self, namespace_id: str, listed: Listed, about: str) -> Secret | None:
        """A Secret of a list, described again only where the list shows it as changed since.

        ``None`` where it was deleted after the list.
        """
        secret = self._described.get((namespace_id, listed.id))
        if secret is not None and secret.item.updated == listed.updated:
            return secret
        try:
            return self.describe(namespace_id, listed.id, about)
        except ObjectNotFound:
            return None

    def create(
        self,
        namespace_id: str,
        name: str,
        secret_type: str,
        raw: wire.Raw,
        about: str,
        *,
        patient: bool = False,
    ) -> int:
        """Create a Secret; returns its id.

        Raises:
            ObjectExists: the name is taken.
        """
        named = {"namespace_id": namespace_id, "secret_name": name, "secret_type": secret_type}
        data = self._write("CreateSecret", about, named, raw, patient=patient)
        if data is None or data.secret_id is None:
            raise StoreUnavailable(f"{about}: the service's answer has no id")
        return int(data.secret_id)

    def update(
        self, namespace_id: str, secret_id: Id, raw: wire.Raw, about: str, *, patient: bool = False
    ) -> None:
        """Update the data of a Secret. Whether that replaces or merges them is not documented."""
        named = {"namespace_id": namespace_id, "secret_id": secret_id}
        self._write("UpdateSecret", about, named, raw, patient=patient)

    def delete(
        self, namespace_id: str, secret_id: Id, about: str, *, patient: bool = False
    ) -> None:
        """Delete a Secret."""
        named = {"namespace_id": namespace_id, "secret_id": secret_id}
        self._write("DeleteSecret", about, named, patient=patient)

    def _read(self, action: str, about: str, **parameters: Any) -> Any:
        return self._patience.call(lambda: self._call(action, about, parameters), lambda _: True)

    def _write(
        self,
        action: str,
        about: str,
        parameters: dict[str, Any],
        raw: wire.Raw | None = None,
        *,
        patient: bool,
    ) -> Any:
        if raw is not None:
            data = getattr(self._models, f"{action}RequestSecretData")
            parameters["secret_data"] = data(secret_data=wire.parameter(raw))
        return self._patience.call(
            lambda: self._call(action, about, parameters),
            lambda fault: patient and fault.retry_after is not None,
        )

    def _call(self, action: str, about: str, parameters: dict[str, Any]) -> Any:
        """The data of the service's answer."""
        self._pace.wait()
        request = getattr(self._models, f"{action}Request")(**parameters)
        call = getattr(self._client, f"{action.replace('Secret', '_secret').lower()}_with_options")
        body: Any = None
        fault: StoreError | None = None
        try:
            body = self._warmed(lambda: call(request, {}, self._runtime).body)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold a value
            fault = faults.from_exception(error, action, about)
        # Raised here, so that the SDK's exception is not the context of this error.
        if fault is None and (body is None or body.success is not True):
            fault = faults.from_body(body, action, about)
        if fault is None:
            return body.data
        if isinstance(fault, StoreUnavailable) and fault.retry_after:
            self._pace.hold(fault.retry_after)
        raise fault

    def _warmed(self, call: Callable[[], Any]) -> Any:
        """The first call alone: it creates what the threads share afterwards."""
        if self._warm:
            return call()
        with self._warming:
            answer = call()
            self._warm = True
            return answer


def _item(entry: Any) -> Item:
    return Item(
        id=int(entry.secret_id),
        name=str(entry.secret_name),
        type=str(entry.secret_type),
        created=int(entry.create_time or 0),
        updated=int(entry.update_time or 0),
        apps=tuple(sorted(str(app.app_name or app.app_id) for app in entry.relate_apps or ())),
    )


def _sdk(place: Place, environ: Mapping[str, str], workers: int) -> tuple[Any, Any, Any]:
    """The client, the module of its requests, and the options of each call."""
    try:
        from alibabacloud_sae20190506 import client, models
        from alibabacloud_tea_openapi import utils_models
        from darabonba.runtime import RuntimeOptions
    except ImportError:
        needed = "the SDK of the service, which is not installed"
        raise not_installed("sae", needed, "alibaba") from None
    _silence()
    config = utils_models.Config(
        region_id=place.region,
        endpoint=place.endpoint or None,
        protocol="HTTPS" if place.encrypted else "HTTP",
        user_agent=f"reconciler/{__version__}",
        connect_timeout=_CONNECT_MILLISECONDS,
        read_timeout=_READ_MILLISECONDS,
        max_idle_conns=max(1, workers),
        **_credentials(environ),
    )
    return client.Client(config), models, RuntimeOptions()


def _credentials(environ: Mapping[str, str]) -> dict[str, Any]:
    """The first link of the SDK's default chain as `environ` has it, else the whole chain."""
    key = environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", "")
    secret = environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "")
    if key and secret:
        token = environ.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None
        return {"access_key_id": key, "access_key_secret": secret, "security_token": token}
    from alibabacloud_credentials.client import Client

    return {"credential": Client()}


def _silence() -> None:
    """Keep what the SDK and its transport would write about calls to themselves.

    With ``DEBUG=sdk`` in the environment the SDK prints every URL on standard error, and urllib3
    logs them where somebody has set its level to debug.
    """
    for name in _SDK_LOGGERS:
        logging.getLogger(name).disabled = True
    transport = logging.getLogger("urllib3.connectionpool")
    if _quiet not in transport.filters:
        transport.addFilter(_quiet)


def _quiet(record: logging.LogRecord) -> bool:
    return _PATH not in record.getMessage()
