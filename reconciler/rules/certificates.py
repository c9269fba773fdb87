"""When the certificates of a PEM file are valid."""

from __future__ import annotations

from datetime import datetime

from reconciler.rules.key_pairs import with_lines


def validity(pem: bytes) -> tuple[datetime, datetime]:
    """The first and the last moment, in UTC, at which what `pem` holds is of use.

    A chain needs all of its certificates. A bundle of roots, told by a first certificate that is
    its own issuer, is of use as long as one of them is: the old root stays in it on purpose while
    a new one takes over.

    Raises:
        ValueError: `pem` holds no certificate, or one that cannot be read.
    """
    # Imported here, since most runs meet no certificate.
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(with_lines(pem))
        root = len(found) > 1 and found[0].issuer == found[0].subject
    except (x509.InvalidVersion, TypeError):  # what damaged bytes come to, besides ValueError
        raise ValueError from None
    if len(found) < pem.count(b"-----BEGIN CERTIFICATE-----"):
        raise ValueError  # the last one has no end
    begins = [one.not_valid_before_utc for one in found]
    ends = [one.not_valid_after_utc for one in found]
    if root:
        return min(begins), max(ends)
    return max(begins), min(ends)
