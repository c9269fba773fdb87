"""Whether a certificate and a private key are fit to be used together, as Go sees it.

Source: Go 1.26, ``crypto/tls``, ``X509KeyPair``, and the parsers of ``crypto/x509`` that it calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from reconciler.rules import pem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_CURVES = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
_RSA = "1.2.840.113549.1.1.1"  # rsaEncryption; Go knows no key of RSASSA-PSS
_GREATEST_EXPONENT = 2**31 - 1
_LEAST_DISTANCE = 100  # bits by which the primes may agree less than half of the modulus


class PairFault(NamedTuple):
    """Which key of a TLS Secret cannot be used, why, and what to do."""

    key: str
    message: str
    hint: str


_OTHER_KEY = "put the certificate in tls.crt and the private key that belongs to it in tls.key"
_UNREADABLE_KEY = (
    "tls.key holds a private key that cannot be read: it is damaged, encrypted, or of a kind that "
    "TLS does not use"
)
_KEY_HINT = "give an unencrypted RSA, ECDSA or Ed25519 key: 'openssl pkey' converts and decrypts"


def key_pair_fault(certificate: bytes, private_key: bytes) -> PairFault | None:
    """Say why Go refuses the pair of a TLS Secret; ``None`` where the pair is fit.

    As warningsForSecret asks (Kubernetes v1.35, pkg/registry/core/secret/strategy.go): the first
    certificate and the first private key count, dates and names do not. Where both are unfit, the
    certificate is named.
    """
    certified = _public_key(certificate)
    return certified if isinstance(certified, PairFault) else _key_fault(private_key, certified)


def _missing(key: str, wanted: str, content: bytes, others: list[pem.Block]) -> PairFault:
    if not others:
        fault, hint = pem.fault(content)
        return PairFault(key, f"{key} {fault}", hint)
    return PairFault(key, f"{key} holds PEM, but no {wanted}", _OTHER_KEY)


def _public_key(certificate: bytes) -> CertificatePublicKeyTypes | PairFault:
    """The key that the first certificate is for, or why there is none."""
    blocks = [*pem.blocks(certificate)]
    der = next((block.content for block in blocks if block.label == b"CERTIFICATE"), None)
    if der is None:
        return _missing("tls.crt", "certificate", certificate, blocks)
    # What these raise may tell of the value; nothing of it is shown.
    try:
        parsed = x509.load_der_x509_certificate(der)
        certified = parsed.public_key()
        oid = parsed.public_key_algorithm_oid.dotted_string
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        message = "tls.crt holds a certificate that cannot be read"
        return PairFault("tls.crt", message, "give the certificate as it was issued")
    match certified:
        case RSAPublicKey() if oid == _RSA:
            return certified
        case EllipticCurvePublicKey() if certified.curve.name in _CURVES:
            return certified
        case Ed25519PublicKey():
            return certified
    message = "the certificate in tls.crt is for a kind of key that Go does not support"
    return PairFault("tls.crt", message, "use RSA, ECDSA (P-256, P-384, P-521) or Ed25519")


def _key_fault(private_key: bytes, certified: CertificatePublicKeyTypes) -> PairFault | None:
    """Why the first private key cannot be used with the public key `certified`."""
    blocks = [*pem.blocks(private_key)]
    der = next((block.content for block in blocks if pem.is_private_key(block)), None)
    if der is None:
        return _missing("tls.key", "private key", private_key, blocks)
    unreadable = PairFault("tls.key", _UNREADABLE_KEY, _KEY_HINT)
    try:
        # The whole check of an RSA key takes 30 ms; `_is_sound` is what Go looks at.
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return unreadable
    if key.public_key() != certified:
        message = "the private key in tls.key does not belong to the certificate in tls.crt"
        return PairFault("tls.key", message, _OTHER_KEY)
    return unreadable if isinstance(key, RSAPrivateKey) and not _is_sound(key) else None


def _is_sound(key: RSAPrivateKey) -> bool:
    """Whether the numbers of `key` fit together (checkPrivateKey, crypto/internal/fips140/rsa)."""
    numbers = key.private_numbers()
    p, q, d = numbers.p, numbers.q, numbers.d
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    return (
        1 < p < n
        and 1 < q < n
        and p * q == n
        and p % 2 == q % 2 == 1
        and 1 < e <= _GREATEST_EXPONENT
        and e % 2 == 1
        and n.bit_length() // 2 < d.bit_length()
        and d < n
        and numbers.dmp1 * e % (p - 1) == 1
        and numbers.dmq1 * e % (q - 1) == 1
        and d % (p - 1) == numbers.dmp1
        and d % (q - 1) == numbers.dmq1
        and numbers.iqmp * q % p == 1
        and abs(p - q).bit_length() > n.bit_length() // 2 - _LEAST_DISTANCE
    )
