"""The errors of the service and its SDK, in words for the person who reads them.

Of what they wrote, only codes and request ids are used: parameters travel in the URL, so that the
text of an error may hold a value.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from reconciler.errors import (
    ObjectExists,
    ObjectInvalid,
    ObjectNotFound,
    RightsMissing,
    StoreError,
    StoreUnavailable,
)

_Meaning = tuple[type[StoreError], str, str]
"""The error, its message and its hint."""

_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,40}")
_TOO_MANY = 429
_FORBIDDEN = 403
_NOT_FOUND = 404
_SERVER_ERROR = 500
_UNAVAILABLE = 503
_MILLISECONDS = 1000.0
_KEY_CODES = (
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "IncompleteSignature",
    "MissingSecurityToken",
    "SignatureDoesNotMatch",
    "SignatureNonceUsed",
    "InvalidTimeStamp",
)
_KEY_REFUSED: _Meaning = (
    StoreError,
    "the service does not accept the access key",
    "check the key, its secret and the clock of this machine",
)
_BY_CODE: dict[str, _Meaning] = {
    "SecretNameConflict.AlreadyExist": (
        ObjectExists,
        "exists already",
        "take it over with --adopt, or rename the manifest's object",
    ),
    "QuotaExceeded.SecretInNamespace": (
        StoreError,
        "its namespace holds as many Secrets as the service allows",
        "delete unused ones, ask the service for a larger quota, or use another namespace",
    ),
    "QuotaExceeded.SecretDataKey": (
        ObjectInvalid,
        "it has more keys, or larger ones, than the service allows",
        "spread its keys over several Secrets, or ask the service for a larger quota",
    ),
    "InvalidSecretType.NotAvailable": (
        ObjectInvalid,
        "the service does not know its type",
        "it knows Opaque, kubernetes.io/dockerconfigjson and kubernetes.io/tls",
    ),
    "InvalidSecretDataKey.NotFound": (
        ObjectInvalid,
        "it does not have a key that the call names",
        "somebody may have changed it in between: plan again",
    ),
    "InvalidNamespaceId.NotFound": (
        ObjectNotFound,
        "its namespace does not exist in this region",
        "create it in the console, or use another one (sae-namespaces, --set-namespace)",
    ),
    "OperationFailed.RPCError": (StoreUnavailable, "a call within the service failed", ""),
    "InvalidParameter.": (
        ObjectInvalid,
        "the service refuses a parameter",
        "check the name, the keys, and that no value is empty",
    ),
    **dict.fromkeys(_KEY_CODES, _KEY_REFUSED),
}
"""What codes mean that begin so: those of the page of CreateSecret, and of access keys."""


class Answer(NamedTuple):
    """A failed call, without the service's texts; ``retry_after`` is in milliseconds."""

    status: int
    code: str
    request_id: str
    retry_after: int | None = None

    @property
    def origin(self) -> str:
        """The code and the id that identify the call to the service's support."""
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{self.code or f'status {self.status}'}{request}"


def from_exception(error: Exception, action: str, about: str) -> StoreError:
    """The error for an exception of the SDK, whose text is not used."""
    status = _number(getattr(error, "status_code", None))
    if status is None:
        return _no_answer(error, about)
    data = getattr(error, "data", None)
    request_id = data.get("RequestId") or data.get("requestId") if isinstance(data, dict) else ""
    retry_after = _number(getattr(error, "retry_after", None))
    answer = Answer(status, _code(getattr(error, "code", "")), _id(request_id), retry_after)
    return _error(answer, action, about)


def from_body(body: Any, action: str, about: str) -> StoreError:
    """The error for an answer with HTTP status 200 but without ``Success: true``."""
    if body is None:
        return _unreadable(about, "no object")
    codes = [_code(getattr(body, name, "")) for name in ("error_code", "code")]
    status = next((int(text) for text in codes if text.isdigit()), 0)
    code = next((text for text in codes if text and not text.isdigit()), "")
    return _error(Answer(status, code, _id(getattr(body, "request_id", ""))), action, about)


def _error(answer: Answer, action: str, about: str) -> StoreError:
    """The error of a call for `about`; RAM policies name it `action`."""
    code, status, origin = answer.code, answer.status, answer.origin
    throttled = code.startswith("Throttling") or status in {_TOO_MANY, _UNAVAILABLE}
    if throttled or answer.retry_after is not None:  # any kind of answer can ask for a pause
        seconds = None if answer.retry_after is None else answer.retry_after / _MILLISECONDS
        message = f"{about}: the service asks for fewer calls ({origin})"
        return StoreUnavailable(message, hint="lower --qps", retry_after=seconds)
    meaning = next((entry for prefix, entry in _BY_CODE.items() if code.startswith(prefix)), None)
    forbidden = status == _FORBIDDEN or code.startswith(("NoPermission", "Forbidden"))
    if meaning is None and forbidden:
        return RightsMissing(
            f"{about}: this access key lacks the permission ({origin})",
            details=(f"sae:{action}",),
            hint="let a RAM policy allow the action",
        )
    kind, text, hint = meaning or _by_status(answer)
    return kind(f"{about}: {text} ({origin})", hint=hint)


def _by_status(answer: Answer) -> _Meaning:
    if answer.status == _NOT_FOUND or answer.code.endswith(".NotFound"):
        return ObjectNotFound, "it does not exist", ""
    if answer.status >= _SERVER_ERROR:
        return StoreUnavailable, "the service reports an internal error", ""
    return StoreError, "the service refuses the call", ""


def _no_answer(error: Exception, about: str) -> StoreError:
    kind = type(getattr(error, "inner_exception", error)).__name__
    if kind == "CredentialException":
        return StoreError(
            "no access key was found",
            hint="set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or a"
            " profile, or a RAM role: the SDK's default chain is used",
        )
    if kind == "RetryError":
        return StoreUnavailable(f"{about}: the service cannot be reached, or did not answer")
    return _unreadable(about, kind)


def _unreadable(about: str, kind: str) -> StoreError:
    return StoreUnavailable(
        f"{about}: the service's answer cannot be read ({kind})",
        hint="it may come from a gateway; one cause is a Secret that is too large for a URL, in"
        " which the service takes all values",
    )


def _code(text: Any) -> str:
    code = str(text or "")
    return code if _CODE.fullmatch(code) and code != "None" else ""


def _id(text: Any) -> str:
    request_id = str(text or "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else ""


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
