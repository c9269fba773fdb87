"""What a server refuses, in words, without what may come from a value.

A server's message may quote what it was sent (that of a failed patch holds the whole object), so
every value of the request is cut out of it, or the message is not shown.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from reconciler.errors import (
    ObjectExists,
    ObjectInvalid,
    ObjectMoved,
    ObjectNotFound,
    StoreError,
    StoreUnavailable,
)
from reconciler.model.search import ValueSearch
from reconciler.model.values import MASK, SecretValue
from reconciler.stores.kubernetes.engine.exchange import Reply
from reconciler.stores.kubernetes.engine.faults import ProxyRefused, Unanswered

CUT = "the connection to the API server was cut"
_PASSING = frozenset({429, 500, 502, 503, 504})
_TELLING_LENGTH = 4
_LONGEST = 2000
_LONGEST_READ = 16_384
_WITHHELD = "(the server's message may repeat a secret value, so it is not shown)"
_NO_CREDENTIALS = "no credentials were sent: the context's user in the kubeconfig has none"
_NOBODY = '"system:anonymous"'


class Forbidden(StoreError):
    """The user lacks the right to do this."""


class ListExpired(StoreError):
    """A list cannot be continued: its token has expired (410 Gone)."""


class Unprocessable(ObjectInvalid):
    """A patch could not be applied: a test in it failed, or a path does not exist."""


_KINDS: Mapping[int, type[StoreError]] = {
    403: Forbidden,
    404: ObjectNotFound,
    410: ListExpired,
    413: ObjectInvalid,
    422: ObjectInvalid,
    400: ObjectInvalid,
}


def refusal(what: str, reply: Reply, values: Iterable[SecretValue] = ()) -> StoreError:
    """The error for an answer that is a refusal; `what` is the object or the collection.

    `values` are those that the request held.
    """
    status = reply.status
    answer = _status(reply.body)
    reason = str(answer.get("reason") or "")
    text = scrubbed(_words(answer), values)
    if status in _PASSING:
        named = f"{what}: the API server answered {status} {reason}".rstrip()
        return StoreUnavailable(
            _joined(named, text), retry_after=_retry_after(reply.header("retry-after"), answer)
        )
    if status == 401:  # noqa: PLR2004
        return StoreError(
            f"{what}: the API server does not know who is asking (401)",
            hint="log in again, or choose other credentials with --kubeconfig or --context",
        )
    if status == 409:  # noqa: PLR2004
        taken = reason == "AlreadyExists"
        return ObjectExists(f"{what} exists already") if taken else ObjectMoved(_joined(what, text))
    if status == 422 and not answer.get("details"):  # noqa: PLR2004
        return Unprocessable(f"{what}: the patch does not fit the object")
    if status == 404:  # noqa: PLR2004
        return ObjectNotFound(_joined(what, text or "does not exist"))
    kind = _KINDS.get(status, StoreError)
    message = _joined(what, text or f"the API server answered {status}")
    return kind(message, hint=_NO_CREDENTIALS if _NOBODY in text else "")


def unreached(what: str, host: str, error: Unanswered) -> StoreError:
    """The error for a request that was not answered."""
    cause = next((part for part in error.args if isinstance(part, Exception)), error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return StoreError(
            f"{what}: the certificate of the API server at {host} is not to be trusted: "
            f"{cause.verify_message}",
            hint="the kubeconfig's certificate authority must be the one that has signed it",
        )
    if isinstance(cause, ProxyRefused):
        answered = f" with {cause.status}" if cause.status else ""
        passes = cause.status in _PASSING or not cause.status
        return (StoreUnavailable if passes else StoreError)(
            f"{what}: the proxy on the way to the API server at {host} refuses{answered}",
            hint="check proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY",
        )
    return StoreUnavailable(
        f"{what}: the API server at {host} cannot be reached, or the connection was cut "
        f"({_name_of(cause)})",
        hint="check the address and the network, and that the server is running",
    )


def _name_of(cause: Exception) -> str:
    """OpenSSL's name of a fault, such as that a certificate is required; or the type's."""
    reason = cause.reason if isinstance(cause, ssl.SSLError) else None
    return reason or type(cause).__name__


def _status(body: bytes) -> Mapping[str, Any]:
    """The answer as a Status (API reference: Status v1 meta); empty where it is none."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _words(answer: Mapping[str, Any]) -> str:
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    if answer.get("reason") == "Invalid" and isinstance(causes, list):
        parts = [
            f"{cause.get('field') or '(object)'}: {cause.get('message')}"
            for cause in causes
            if isinstance(cause, dict)
        ]
        return "; ".join(dict.fromkeys(parts))
    return str(answer.get("message") or "")


def scrubbed(text: str, values: Iterable[SecretValue]) -> str:
    """A server's text with every usual form of the values removed.

    A text that still holds a value, in another encoding, is withheld as a whole. So is a text that
    is too long to search for every form of every value.
    """
    secrets = [*values]
    if secrets and len(text) > _LONGEST_READ:
        return _WITHHELD
    for form in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(form, MASK)
    if ValueSearch(secrets).is_in(text):
        return _WITHHELD
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _forms(values: Iterable[SecretValue]) -> set[str]:
    """The values as a message may show them: plain, quoted, in base64 and in hex."""
    forms: set[str] = set()
    for value in values:
        content = value.reveal()
        plain = content.decode("utf-8", "replace")
        for text in (
            plain,
            plain.strip(),
            repr(plain)[1:-1],
            orjson.dumps(plain).decode()[1:-1],
            base64.b64encode(content).decode(),
            base64.b64encode(content).decode().rstrip("="),
            content.hex(),
        ):
            if len(text) >= _TELLING_LENGTH:
                forms.add(text)
    return forms


def _joined(what: str, text: str) -> str:
    return f"{what}: {text}" if text else what


def _retry_after(asked: str | None, answer: Mapping[str, Any]) -> float | None:
    details = answer.get("details")
    if asked is None and isinstance(details, dict):
        asked = details.get("retryAfterSeconds")
    try:
        return None if asked is None else float(asked)
    except (TypeError, ValueError, OverflowError):
        return None  # an HTTP date, which no API server sends, or no number at all
