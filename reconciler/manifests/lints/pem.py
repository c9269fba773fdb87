"""PEM that cannot be read or lacks its end, and certificates outside their validity."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.model.objects import Resource, Severity
from reconciler.model.values import AbsentValue
from reconciler.rules import Violation, pem, validity
from reconciler.rules.pem import is_private_key

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
# Others, such as those of PGP, OpenVPN and licences, need not hold base64 of bytes.
_DER_IN_PEM = re.compile(
    rb"(?:\xef\xbb\xbf)?[\"'\s]*+--++BEGIN (?!PGP )[A-Z0-9 ]*"
    rb"(?:KEY|CERTIFICATE|CRL|REQUEST|PARAMETERS)--"
)
_OPENSSH = b"OPENSSH PRIVATE KEY"
_TLS = "kubernetes.io/tls"
# The rule for the type reports these, as the API server does.
_PAIR = {(_TLS, "tls.crt"), (_TLS, "tls.key")}


def pem_warnings(secret: Resource, moment: datetime, expiry_days: int) -> list[Violation]:
    """Warnings about values that are PEM; text that only mentions PEM is ignored."""
    warnings: list[Violation] = []
    for key, value in secret.data.items():
        if not isinstance(value, AbsentValue) and b"--BEGIN " in value.reveal():
            warnings += _warnings(secret, key, moment, expiry_days)
    return warnings


def _warnings(
    secret: Resource, key: str, moment: datetime, expiry_days: int
) -> Iterator[Violation]:
    content = secret.data[key].reveal()
    told_by_rule = (secret.type, key) in _PAIR
    begins_as_pem = _DER_IN_PEM.match(content) is not None
    if (_CERTIFICATE in content and key.endswith((".crt", ".pem", ".cer", ".cert"))) or (
        begins_as_pem and _CERTIFICATE in content[: content.find(b"\n") + 1]
    ):
        span = _span(content)
        if span is None:
            if not told_by_rule:
                yield from _unreadable(key, content)
        else:
            yield from _time_warnings(key, span, moment, expiry_days)
    elif begins_as_pem and not told_by_rule and next(pem.blocks(content), None) is None:
        yield from _unreadable(key, content)
    if secret.type != _TLS and content.endswith(b"-----"):
        yield from _unterminated(key, content)


def _unreadable(key: str, content: bytes) -> Iterator[Violation]:
    fault, hint = pem.fault(content)
    yield _warning(key, "pem-unreadable", f"the value {fault}", hint)


def _unterminated(key: str, content: bytes) -> Iterator[Violation]:
    """A warning of a private key at the end of `content` that has no line break.

    OpenSSH wants one behind the END line (sshkey.c, MARK_END); other programs join files, which
    puts the next BEGIN line behind the END line.
    """
    *_, last = [None, *pem.blocks(content)]
    if last is not None and is_private_key(last):
        who = "OpenSSH" if last.label == _OPENSSH else "some programs"
        yield _warning(
            key,
            "private-key-unterminated",
            f"the private key has no line break behind its END line: {who} will not read it",
            "write | rather than |- above it, or encode the file as it is",
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
