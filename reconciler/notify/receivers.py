"""From URLs to receivers. A URL holds credentials, so no message ever shows one."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from typing import Protocol

from reconciler.errors import ConfigError, ReconcilerError
from reconciler.model.news import Letter

_SCHEME = re.compile("([a-z][a-z0-9+.-]{1,20})://.", re.IGNORECASE)
_WEB = {"http", "https"}


class NotTold(ReconcilerError):
    """A receiver did not accept a message; the text says why, without its URL."""


class Receiver(Protocol):
    """Somebody who is told; ``name`` says which one, without its URL."""

    @property
    def name(self) -> str:
        """``receiver 2 (https)``."""
        ...

    @property
    def url(self) -> str:
        """What it was given as; only for telling it from others."""
        ...

    def send(self, letter: Letter) -> None:
        """Send a message.

        Raises:
            NotTold: it was not accepted.
        """
        ...


def receivers_of(urls: Sequence[str]) -> tuple[Receiver, ...]:
    """The receivers that `urls` name: web addresses, or what apprise understands.

    Raises:
        ConfigError: one of them is no such URL, or apprise is missing.
    """
    return tuple(_receiver(url, number) for number, url in enumerate(urls, 1))


def _receiver(url: str, number: int) -> Receiver:
    match = _SCHEME.match(url)
    if match is None:
        raise ConfigError(
            f"receiver {number} of notifications is no URL",
            hint="write https://… for a web hook, or a URL of apprise such as mailto://…",
        )
    scheme = match[1].lower()
    if scheme in _WEB:
        from reconciler.notify.webhooks import Webhook

        return Webhook(url, f"receiver {number} ({scheme})")
    if importlib.util.find_spec("apprise") is None:
        raise ConfigError(
            f"receiver {number} of notifications needs the library apprise",
            hint="pip install 'secrets-reconciler[notify]'",
        )
    from reconciler.notify.services import service_of

    return service_of(url, number)
