"""Whether a certificate and a private key are fit to be used together."""

from __future__ import annotations

import re

# Python's cryptography reads a PEM whose lines were joined by blanks; the consumers do not.
_FIRST_LINE = re.compile(rb"-----BEGIN [^\n-]+-----[ \t]*\r?\n")


def key_pair_fault(certificate: bytes, private_key: bytes) -> tuple[str, str] | None:
    """Say which key of a TLS Secret cannot be used, and why; ``None`` where the pair is fit.

    As tls.X509KeyPair does for warningsForSecret (Kubernetes v1.35,
    pkg/registry/core/secret/strategy.go): the first certificate counts, dates and names do not.
    """
    # Imported here, since most runs meet no TLS Secret.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
    )

    # What these raise may tell of the value; nothing of it is shown.
    try:
        certified = x509.load_pem_x509_certificate(with_lines(certificate)).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return "tls.crt", "tls.crt holds no PEM certificate that can be read"
    try:
        # The whole check of an RSA key takes 30 ms, and is the business of whoever uses it.
        key = load_pem_private_key(
            with_lines(private_key), None, unsafe_skip_rsa_key_validation=True
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "tls.key", "tls.key holds no unencrypted PEM private key that can be read"
    if key.public_key() != certified:
        return "tls.key", "the private key in tls.key does not belong to the certificate in tls.crt"
    return None


def with_lines(pem: bytes) -> bytes:
    """`pem`, if its first block begins with a line of its own.

    Raises:
        ValueError: no block does, as where YAML has folded the lines into one.
    """
    if not _FIRST_LINE.search(pem):
        raise ValueError
    return pem
