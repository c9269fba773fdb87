from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from reconciler.model.objects import Severity
from reconciler.rules import validate
from reconciler.rules.certificates import validity
from tests.unit.rules.cases import secret

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

KEYS: dict[str, PrivateKey] = {
    "ecdsa": ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(65537, 2048),
}
OTHER = ec.generate_private_key(ec.SECP256R1())
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def certificate(key: PrivateKey, years: int = 1) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    start = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    edwards = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    algorithm = None if edwards else hashes.SHA256()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=start.year + years))
        .sign(key, algorithm)
    )
    return made.public_bytes(Encoding.PEM)


def pem(
    key: PrivateKey,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> bytes:
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def warned(certificate_pem: bytes, key_pem: bytes) -> list[str]:
    data = {"tls.crt": certificate_pem, "tls.key": key_pem}
    violations = validate(secret(data, type="kubernetes.io/tls"))
    assert all(one.severity is Severity.WARNING for one in violations)
    assert all(one.code == "tls-pair-unusable" for one in violations)
    return [one.field for one in violations]


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_pair_is_fit(algorithm: str, form: PrivateFormat) -> None:
    key = KEYS[algorithm]
    if algorithm == "ed25519":
        form = PrivateFormat.PKCS8
    assert warned(certificate(key), pem(key, form)) == []


def test_what_stands_around_the_blocks_does_not_matter() -> None:
    key = KEYS["ecdsa"]
    chain = b"Subject: shop\n" + certificate(key) + certificate(OTHER)
    assert warned(chain, EC_PARAMETERS + pem(key, PrivateFormat.TraditionalOpenSSL)) == []


def test_dates_do_not_matter() -> None:
    key = KEYS["ecdsa"]
    assert warned(certificate(key, years=1), pem(key)) == []


def test_the_first_certificate_counts() -> None:
    key = KEYS["ecdsa"]
    assert warned(certificate(OTHER) + certificate(key), pem(key)) == ["data[tls.key]"]


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_key_of_another_certificate(algorithm: str) -> None:
    assert warned(certificate(KEYS[algorithm]), pem(OTHER)) == ["data[tls.key]"]


def test_an_encrypted_key() -> None:
    key = KEYS["ecdsa"]
    locked = pem(key, encryption=BestAvailableEncryption(b"not-a-real-password"))
    assert warned(certificate(key), locked) == ["data[tls.key]"]


def test_the_two_exchanged() -> None:
    key = KEYS["ecdsa"]
    assert warned(pem(key), certificate(key)) == ["data[tls.crt]"]


def test_a_certificate_cut_short() -> None:
    key = KEYS["ecdsa"]
    assert warned(certificate(key)[:200], pem(key)) == ["data[tls.crt]"]


def test_lines_that_yaml_has_folded() -> None:
    key = KEYS["ecdsa"]
    folded = certificate(key).replace(b"\n", b" ")
    assert warned(folded, pem(key)) == ["data[tls.crt]"]
    assert warned(certificate(key), pem(key).replace(b"\n", b" ")) == ["data[tls.key]"]
    windows = certificate(key).replace(b"\n", b"\r\n")
    assert warned(windows, pem(key).replace(b"\n", b"\r\n")) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace(b"\n", b"\n  "), "cannot be decoded|END line|indented"),
        (lambda text: b"  " + text.replace(b"\n", b"\n  "), "indented"),
        (lambda text: b"\xef\xbb\xbf" + text, "byte order mark"),
        (lambda text: base64.b64decode(b"".join(text.splitlines()[1:-1])), "DER"),
        (base64.b64encode, "encoded twice"),
        (lambda _: b"canary", "no PEM block"),
        (lambda _: b"", "empty"),
        (lambda text: text.rsplit(b"-----END", 1)[0], "END line"),
        (lambda _: EC_PARAMETERS, "holds PEM, but no"),
    ],
)
def test_what_go_cannot_read(change: Callable[[bytes], bytes], says: str) -> None:
    key = KEYS["ecdsa"]
    for field, crt, private in (
        ("tls.crt", change(certificate(key)), pem(key)),
        ("tls.key", certificate(key), change(pem(key))),
    ):
        (warning,) = validate(
            secret({"tls.crt": crt, "tls.key": private}, type="kubernetes.io/tls")
        )
        assert (warning.code, warning.path) == ("tls-pair-unusable", ("data", field))
        assert any(word in warning.message for word in says.split("|"))
        assert warning.message.startswith(field)
        assert warning.hint
        assert "canary" not in repr(warning)


@pytest.mark.parametrize("which", ["secp256k1", "ed448", "dsa"])
def test_keys_that_go_does_not_support(which: str) -> None:
    made: dict[str, Any] = {
        "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
        "ed448": ed448.Ed448PrivateKey.generate,
        "dsa": lambda: dsa.generate_private_key(2048),
    }
    key = made[which]()
    assert warned(certificate(key), pem(key)) == ["data[tls.crt]"]
    assert warned(certificate(OTHER), pem(key)) == ["data[tls.key]"]


def test_a_key_of_openssh() -> None:
    key = KEYS["ecdsa"]
    assert warned(certificate(key), pem(key, PrivateFormat.OpenSSH)) == ["data[tls.key]"]


@pytest.mark.parametrize("field", ["d", "dmp1", "dmq1", "iqmp"])
def test_an_rsa_key_whose_numbers_do_not_fit(field: str) -> None:
    key = KEYS["rsa"]
    assert isinstance(key, rsa.RSAPrivateKey)
    sound = key.private_numbers()
    names = ("p", "q", "d", "dmp1", "dmq1", "iqmp", "public_numbers")
    numbers = {name: getattr(sound, name) for name in names}
    numbers[field] += 2
    damaged = rsa.RSAPrivateNumbers(**numbers).private_key(unsafe_skip_rsa_key_validation=True)
    assert warned(certificate(key), pem(damaged)) == ["data[tls.key]"]


def test_a_certificate_of_a_version_that_there_is_not() -> None:
    """cryptography has an exception of its own for that."""
    der = x509.load_pem_x509_certificate(certificate(OTHER)).public_bytes(Encoding.DER)
    version = bytes.fromhex("a003020102")
    assert version in der
    body = base64.encodebytes(der.replace(version, bytes.fromhex("a00302010a"))).decode()
    odd = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n".encode()
    assert warned(odd, pem(OTHER)) == warned(b"no certificate", pem(OTHER))
    with pytest.raises(ValueError, match=r"^$"):
        validity(odd)
