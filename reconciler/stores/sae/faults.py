"""What the service and its SDK say, in words for the person who reads them.

Nothing that the service or the SDK wrote is passed on but codes and request ids: parameters travel
in the URL, so that the text of a fault may hold a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from reconciler.errors import (
    ObjectExists,
    ObjectInvalid,
    ObjectNotFound,
    RightsMissing,
    StoreError,
    StoreUnavailable,
)

_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,40}")
_TOO_MANY = 429
_FORBIDDEN = 403
_NOT_FOUND = 404
_SERVER_FAULT = 500
_UNAVAILABLE = 503
_MILLISECONDS = 1000.0


class Answer(NamedTuple):
    """What is known of a call that failed; ``retry_after`` is in milliseconds."""

    status: int
    code: str
    request_id: str
    retry_after: int | None = None


def from_exception(error: Exception, action: str, about: str) -> StoreError:
    """The fault that an exception of the SDK stands for; its text is not used."""
    status = _number(getattr(error, "status_code", None))
    if status is None:
        return _no_answer(error, about)
    data = getattr(error, "data", None)
    request_id = data.get("RequestId") or data.get("requestId") if isinstance(data, dict) else ""
    retry_after = _number(getattr(error, "retry_after", None))
    answer = Answer(status, _code(getattr(error, "code", "")), _id(request_id), retry_after)
    return fault(answer, action, about)


def from_body(body: Any, action: str, about: str) -> StoreError:
    """The fault that an answer with HTTP status 200 and no ``Success: true`` stands for."""
    if body is None:
        return _unreadable(about, "no object")
    said = [_code(getattr(body, name, "")) for name in ("error_code", "code")]
    status = next((int(text) for text in said if text.isdigit()), 0)
    code = next((text for text in said if text and not text.isdigit()), "")
    request_id = _id(getattr(body, "request_id", ""))
    return fault(Answer(status, code, request_id), action, about)


def fault(answer: Answer, action: str, about: str) -> StoreError:
    """The fault of a call for `about`, which `action` names as RAM policies do."""
    # A wait is asked for in any kind of answer.
    if answer.retry_after is not None or _is_throttling(answer):
        seconds = None if answer.retry_after is None else answer.retry_after / _MILLISECONDS
        message = f"{about}: the service asks for fewer calls ({_told(answer)})"
        return StoreUnavailable(message, hint="lower --qps", retry_after=seconds)
    made = _BY_CODE.get(answer.code)
    if made is not None:
        return made(about, answer)
    return _by_kind(answer, action, about)


def _by_kind(answer: Answer, action: str, about: str) -> StoreError:
    told = _told(answer)
    if answer.code.startswith(_KEY_CODES):
        return StoreError(
            f"the service does not accept the access key ({told})",
            hint="check the key, its secret and the clock of this machine",
        )
    if answer.status == _FORBIDDEN or answer.code.startswith(("NoPermission", "Forbidden")):
        return RightsMissing(
            f"{about}: this access key may not do it ({told})",
            details=(f"sae:{action}",),
            hint="let a RAM policy allow the action",
        )
    if answer.code.startswith("InvalidParameter."):
        return ObjectInvalid(
            f"{about}: the service refuses a parameter ({told})",
            hint="check the name, the keys, and that no value is empty",
        )
    if answer.status == _NOT_FOUND or answer.code.endswith(".NotFound"):
        return ObjectNotFound(f"{about} does not exist ({told})")
    if answer.status >= _SERVER_FAULT:
        return StoreUnavailable(f"{about}: the service had a fault of its own ({told})")
    return StoreError(f"{about}: the service refuses it ({told})")


def _no_answer(error: Exception, about: str) -> StoreError:
    inner = getattr(error, "inner_exception", error)
    kind = type(inner).__name__
    if kind == "CredentialException":
        return StoreError(
            "no access key was found",
            hint="set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or a"
            " profile, or a RAM role: the SDK's default chain is asked",
        )
    if kind == "RetryError":
        return StoreUnavailable(f"{about}: the service cannot be reached, or did not answer")
    return _unreadable(about, kind)


def _unreadable(about: str, kind: str) -> StoreError:
    return StoreUnavailable(
        f"{about}: the service's answer cannot be read ({kind})",
        hint="a gateway in between may have answered; one cause is a Secret that is too large for"
        " a URL, in which the service takes all values",
    )


def _is_throttling(answer: Answer) -> bool:
    return answer.code.startswith("Throttling") or answer.status in {_TOO_MANY, _UNAVAILABLE}


def _told(answer: Answer) -> str:
    parts = [answer.code or f"status {answer.status}"]
    if answer.request_id:
        parts.append(f"request {answer.request_id}")
    return ", ".join(parts)


def _code(text: Any) -> str:
    found = str(text or "")
    return found if _CODE.fullmatch(found) and found != "None" else ""


def _id(text: Any) -> str:
    found = str(text or "")
    return found if _REQUEST_ID.fullmatch(found) else ""


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


_KEY_CODES = (
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "IncompleteSignature",
    "MissingSecurityToken",
    "SignatureDoesNotMatch",
    "SignatureNonceUsed",
    "InvalidTimeStamp",
)


def _exists(about: str, answer: Answer) -> StoreError:
    del answer
    return ObjectExists(
        f"{about} exists already",
        hint="take it over with --adopt, or rename the manifest's object",
    )


def _secret_quota(about: str, answer: Answer) -> StoreError:
    return StoreError(
        f"{about}: its namespace holds as many Secrets as the service allows ({_told(answer)})",
        hint="delete some that nobody uses, ask the service for a larger quota, or use another"
        " namespace",
    )


def _key_quota(about: str, answer: Answer) -> StoreError:
    return ObjectInvalid(
        f"{about} has more keys, or larger ones, than the service allows ({_told(answer)})",
        hint="spread its keys over several Secrets, or ask the service for a larger quota",
    )


def _type(about: str, answer: Answer) -> StoreError:
    return ObjectInvalid(
        f"{about}: the service does not know its type ({_told(answer)})",
        hint="it knows Opaque, kubernetes.io/dockerconfigjson and kubernetes.io/tls",
    )


def _key_missing(about: str, answer: Answer) -> StoreError:
    return ObjectInvalid(
        f"{about} does not have a key that the call names ({_told(answer)})",
        hint="somebody may have changed it in between: plan again",
    )


def _namespace_missing(about: str, answer: Answer) -> StoreError:
    return ObjectNotFound(
        f"{about}: its namespace does not exist in this region ({_told(answer)})",
        hint="create it in the console, or say which one is meant with sae-namespaces in"
        " reconciler.yaml",
    )


def _rpc(about: str, answer: Answer) -> StoreError:
    return StoreUnavailable(f"{about}: a call within the service failed ({_told(answer)})")


_BY_CODE: dict[str, Callable[[str, Answer], StoreError]] = {
    "SecretNameConflict.AlreadyExist": _exists,
    "QuotaExceeded.SecretInNamespace": _secret_quota,
    "QuotaExceeded.SecretDataKey": _key_quota,
    "InvalidSecretType.NotAvailable": _type,
    "InvalidSecretDataKey.NotFound": _key_missing,
    "InvalidNamespaceId.NotFound": _namespace_missing,
    "OperationFailed.RPCError": _rpc,
}
"""The codes of the page of CreateSecret that say something of their own."""
