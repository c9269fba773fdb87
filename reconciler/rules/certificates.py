"""When the certificates of a PEM file are valid."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.model.values import AbsentValue, SecretValue
from reconciler.rules import pem

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_LABEL = b"CERTIFICATE"
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_REMEMBERED = 256  # as many as one stage of loading hands to the next


def certificate_dates(value: SecretValue) -> tuple[datetime, datetime] | None:
    """When the certificates in `value` are valid, in UTC; nothing where it is none to be read."""
    if isinstance(value, AbsentValue) or _BEGIN not in value.reveal():
        return None
    try:
        return validity(value.reveal())
    except ValueError:  # its message may quote the value
        return None


@lru_cache(_REMEMBERED)
def parsed(der: bytes) -> Certificate:
    """The certificate in `der`: a rule and a lint ask for it, and parsing takes the longest.

    Raises:
        ValueError: the bytes are none; so do `TypeError` and `x509.InvalidVersion`.
    """
    # Imported here, since most runs meet no certificate.
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der)


def validity(content: bytes) -> tuple[datetime, datetime]:
    """The first and the last moment, in UTC, at which what the PEM `content` holds is of use.

    A chain needs all of its certificates. A bundle of roots, told by a first certificate that is
    its own issuer, is of use as long as one of them is: the old root stays in it on purpose while
    a new one takes over.

    Raises:
        ValueError: `content` holds no certificate, or one that cannot be read.
    """
    from cryptography.x509 import InvalidVersion

    ders = [block.content for block in pem.blocks(content) if block.label == _LABEL]
    if not ders or len(ders) < content.count(pem.BEGIN + _LABEL + b"-----"):
        raise ValueError
    try:
        certificates = [*map(parsed, ders)]
        root = len(certificates) > 1 and certificates[0].issuer == certificates[0].subject
    except (InvalidVersion, TypeError):  # what damaged bytes come to, besides ValueError
        raise ValueError from None
    begins = [certificate.not_valid_before_utc for certificate in certificates]
    ends = [certificate.not_valid_after_utc for certificate in certificates]
    if root:
        return min(begins), max(ends)
    return max(begins), min(ends)
