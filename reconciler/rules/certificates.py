"""When the certificates of a PEM file are valid."""

from __future__ import annotations

from datetime import datetime

from reconciler.model.values import AbsentValue, SecretValue
from reconciler.rules import pem

_LABEL = b"CERTIFICATE"
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def certificate_dates(value: SecretValue) -> tuple[datetime, datetime] | None:
    """When the certificates in `value` are valid, in UTC; nothing where it is none to be read."""
    if isinstance(value, AbsentValue) or _BEGIN not in value.reveal():
        return None
    try:
        return validity(value.reveal())
    except ValueError:  # its message may quote the value
        return None


def validity(content: bytes) -> tuple[datetime, datetime]:
    """The first and the last moment, in UTC, at which what the PEM `content` holds is of use.

    A chain needs all of its certificates. A bundle of roots, told by a first certificate that is
    its own issuer, is of use as long as one of them is: the old root stays in it on purpose while
    a new one takes over.

    Raises:
        ValueError: `content` holds no certificate, or one that cannot be read.
    """
    # Imported here, since most runs meet no certificate.
    from cryptography import x509

    ders = [block.content for block in pem.blocks(content) if block.label == _LABEL]
    if not ders or len(ders) < content.count(pem.BEGIN + _LABEL + b"-----"):
        raise ValueError
    try:
        certificates = [*map(x509.load_der_x509_certificate, ders)]
        root = len(certificates) > 1 and certificates[0].issuer == certificates[0].subject
    except (x509.InvalidVersion, TypeError):  # what damaged bytes come to, besides ValueError
        raise ValueError from None
    begins = [certificate.not_valid_before_utc for certificate in certificates]
    ends = [certificate.not_valid_after_utc for certificate in certificates]
    if root:
        return min(begins), max(ends)
    return max(begins), min(ends)
