"""Mail, chat and paging services, by the library apprise."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import apprise

from reconciler.errors import ConfigError
from reconciler.model.news import Letter
from reconciler.notify.receivers import NotTold

_LOG = "apprise"  # its lines hold URLs


@dataclass(frozen=True, slots=True)
class Service:
    """A receiver that apprise knows how to reach."""

    url: str = field(repr=False)
    name: str
    _client: apprise.Apprise = field(repr=False)

    def send(self, letter: Letter) -> None:
        """Send title and text."""
        reason = "the service did not accept the message"
        try:
            if self._client.notify(
                title=letter.title, body=letter.body, body_format=apprise.NotifyFormat.TEXT
            ):
                return
        except Exception as error:  # noqa: BLE001 - its text may hold the URL
            reason = type(error).__name__
        raise NotTold(reason) from None


def service_of(url: str, number: int) -> Service:
    """The service that `url` names.

    Raises:
        ConfigError: apprise knows no such service.
    """
    logging.getLogger(_LOG).disabled = True
    asset = apprise.AppriseAsset(
        async_mode=False, storage_mode=apprise.PersistentStoreMode.MEMORY, secure_logging=True
    )
    client = apprise.Apprise(asset=asset)
    try:
        understood = client.add(url)
    except Exception:  # noqa: BLE001 - its text may hold the URL
        understood = False
    if not understood:
        raise ConfigError(
            f"receiver {number} of notifications: apprise does not understand its URL",
            hint="the documentation of apprise says how to write it for each service",
        )
    return Service(url, f"receiver {number} ({client[0].service_name})", client)
