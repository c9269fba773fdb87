"""Web hooks: a CloudEvent by POST.

Source: "HTTP Protocol Binding for CloudEvents" 1.0.2, structured content mode.
"""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from reconciler.model.news import Letter
from reconciler.notify.receivers import NotTold
from reconciler.version import __version__

_SECONDS = 10.0
_TYPE = "application/cloudevents+json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver at a web address; a user name and password in it are sent as basic credentials."""

    url: str = field(repr=False)
    name: str

    def send(self, letter: Letter) -> None:
        """Post the event. A redirect is no success: it could lead the address's token elsewhere."""
        try:
            with _OPENER.open(self._request(letter.event), timeout=_SECONDS):
                return
        except urllib.error.HTTPError as error:
            with error:
                reason = f"the server answered {error.code}"
        except TimeoutError:
            reason = f"the server did not answer within {_SECONDS:.0f} s"
        except urllib.error.URLError as error:
            reason = getattr(error.reason, "strerror", None) or type(error.reason).__name__
        except Exception as error:  # noqa: BLE001 - its text may hold the URL
            reason = type(error).__name__
        raise NotTold(str(reason)) from None

    def _request(self, content: bytes) -> urllib.request.Request:
        parts = urlsplit(self.url)
        credentials, _, host = parts.netloc.rpartition("@")
        request = urllib.request.Request(  # noqa: S310 - http or https, as receivers_of saw
            urlunsplit(parts._replace(netloc=host, fragment="")), data=content, method="POST"
        )
        request.add_header("Content-Type", _TYPE)
        request.add_header("User-Agent", f"reconciler/{__version__}")
        if credentials:
            pair = unquote(credentials).encode()
            request.add_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
        return request


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)
