"""Unreadable PEM blocks, and certificates outside their validity."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.model.objects import Resource, Severity
from reconciler.rules import Violation, validity

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_BLOCK = re.compile(rb"-----BEGIN ([^\n-]+)-----[ \t]*\r?\n.*?-----END \1-----", re.DOTALL)
# The rule for the type reports these, as the API server does.
_PAIR = {("kubernetes.io/tls", "tls.crt"), ("kubernetes.io/tls", "tls.key")}


def pem_warnings(
    secret: Resource, key: str, moment: datetime, expiry_days: int
) -> Iterator[Violation]:
    """Warnings about the PEM text at `key`; text that only mentions PEM is ignored."""
    content = secret.data[key].reveal()
    if (_CERTIFICATE in content and key.endswith((".crt", ".pem", ".cer", ".cert"))) or (
        content.lstrip().startswith(_CERTIFICATE)
    ):
        span = _span(content)
        if span is not None:
            yield from _time_warnings(key, span, moment, expiry_days)
            return
    elif (
        (secret.type, key) in _PAIR
        or not content.lstrip().startswith(b"-----BEGIN ")
        or _BLOCK.search(content)
    ):
        return
    if (secret.type, key) not in _PAIR:
        yield _warning(
            key,
            "pem-unreadable",
            "the value holds PEM that cannot be read",
            "keep its line breaks with a block scalar (|), and the BEGIN and END lines",
        )


def _span(content: bytes) -> tuple[datetime, datetime] | None:
    with warnings.catch_warnings():  # about oddities of old root certificates
        warnings.simplefilter("ignore")
        try:
            return validity(content)
        except ValueError:  # its message may quote the value
            return None


def _time_warnings(
    key: str, span: tuple[datetime, datetime], moment: datetime, expiry_days: int
) -> Iterator[Violation]:
    begins, ends = span
    hint = "renew the certificate"
    if ends < moment:
        message = f"a certificate expired on {ends:%Y-%m-%d} (UTC)"
        yield _warning(key, "certificate-expired", message, hint)
    elif ends - moment < timedelta(days=expiry_days):
        message = f"a certificate expires on {ends:%Y-%m-%d} (UTC)"
        yield _warning(key, "certificate-expiring", message, hint)
    if begins > moment:
        message = f"a certificate is not valid before {begins:%Y-%m-%d} (UTC)"
        yield _warning(
            key, "certificate-not-yet-valid", message, "check the clock of whoever issued it"
        )


def _warning(key: str, code: str, message: str, hint: str) -> Violation:
    return Violation(("data", key), code, message, hint, Severity.WARNING)
