"""Certificates and other PEM, judged as of one moment."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reconciler.manifests import LintSettings
from reconciler.workflow import load

KEY = ec.generate_private_key(ec.SECP256R1())
KEY_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certificate(ends: int, begins: int = -1000, *, root: bool = False) -> str:
    """Valid from `begins` to `ends`, in days from `NOW`."""
    made = (
        x509.CertificateBuilder()
        .subject_name(named("shop.example"))
        .issuer_name(named("shop.example" if root else "ca.example"))
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(NOW + dt.timedelta(days=begins))
        .not_valid_after(NOW + dt.timedelta(days=ends))
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def told(
    tmp_path: Path, type_: str = "Opaque", moment: dt.datetime = NOW, days: int = 30, **data: str
) -> list[tuple[str, str]]:
    values = {key.replace("_", "."): value for key, value in data.items()}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "type": type_,
        "stringData": values,
    }
    file = tmp_path / "a.json"
    file.write_text(json.dumps(secret))
    found = load(file, moment=moment, lints=LintSettings(expiry_days=days))
    assert found.errors == ()
    return [(item.code, item.field) for item in found.diagnostics]


@pytest.mark.parametrize(
    ("ends", "begins", "code"),
    [
        (31, -1, None),
        (30, -1, None),
        (29, -1, "certificate-expiring"),
        (0, -1, "certificate-expiring"),  # at this very moment it is valid still
        (-1, -10, "certificate-expired"),
        (100, 0, None),
        (100, 1, "certificate-not-yet-valid"),
    ],
)
@pytest.mark.parametrize("key", ["tls_crt", "ca_crt", "chain_pem", "any"])
def test_dates(tmp_path: Path, key: str, ends: int, begins: int, code: str | None) -> None:
    expected = [(code, f"stringData[{key.replace('_', '.')}]")] if code else []
    values: dict[str, Any] = {key: certificate(ends, begins)}
    assert told(tmp_path, **values) == expected


def test_the_day_is_told(tmp_path: Path) -> None:
    told(tmp_path, ca_crt=certificate(-14))
    (warning,) = load(tmp_path, moment=NOW).diagnostics
    assert "2026-06-01" in warning.message


@pytest.mark.parametrize(("days", "expiring"), [(0, False), (10, False), (11, True), (400, True)])
def test_how_early_is_a_setting(tmp_path: Path, days: int, *, expiring: bool) -> None:
    found = told(tmp_path, days=days, a=certificate(10))
    assert found == [("certificate-expiring", "stringData[a]")] * expiring


def test_the_moment_counts_and_is_now_by_default(tmp_path: Path) -> None:
    text = certificate(100)
    assert told(tmp_path, a=text) == []
    later = told(tmp_path, moment=NOW + dt.timedelta(days=200), a=text)
    assert [code for code, _ in later] == ["certificate-expired"]
    told(tmp_path, a=certificate(-3000, -4000))
    assert [item.code for item in load(tmp_path).diagnostics] == ["certificate-expired"]


def test_a_chain_needs_all_of_its_certificates(tmp_path: Path) -> None:
    chain = certificate(100) + certificate(-1, root=True)
    assert told(tmp_path, tls_crt=chain) == [("certificate-expired", "stringData[tls.crt]")]
    assert told(tmp_path, tls_crt=certificate(100) + certificate(100)) == []


def test_a_bundle_of_roots_needs_one(tmp_path: Path) -> None:
    old, new = certificate(-1, root=True), certificate(100, root=True)
    assert told(tmp_path, ca_crt=old + new) == []
    assert told(tmp_path, ca_crt=old + certificate(200, 100, root=True) + new) == []
    expired = [("certificate-expired", "stringData[ca.crt]")]
    assert told(tmp_path, ca_crt=old + old) == expired


def test_a_pair_of_the_type_is_told_of_once(tmp_path: Path) -> None:
    tls = "kubernetes.io/tls"
    found = told(tmp_path, tls, tls_crt=certificate(-1), tls_key=KEY_PEM)
    assert found == [("certificate-expired", "stringData[tls.crt]")]
    broken = certificate(100).replace("\n", " ")
    found = told(tmp_path, tls, tls_crt=broken, tls_key=KEY_PEM.replace("\n", " "))
    assert [code for code, _ in found] == ["tls-pair-unusable"]
    found = told(tmp_path, tls, tls_crt=certificate(100), tls_key=KEY_PEM, ca_crt=broken)
    assert found == [("pem-unreadable", "stringData[ca.crt]")]


@pytest.mark.parametrize(
    "text",
    [
        KEY_PEM.replace("\n", " "),
        KEY_PEM.split("-----END", 1)[0],
        KEY_PEM.replace("END PRIVATE", "END PUBLIC"),
        certificate(100).replace("\n", " "),
        certificate(100).replace("MII", "MIX"),
        certificate(100)[:200],
        certificate(100) + certificate(100)[:200],
    ],
)
def test_pem_that_nobody_can_read(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, a_pem=text) == [("pem-unreadable", "stringData[a.pem]")]


@pytest.mark.parametrize(
    "text",
    [
        KEY_PEM,
        KEY_PEM.replace("\n", "\r\n"),
        "\n" + KEY_PEM,
        certificate(100) + KEY_PEM,
        KEY_PEM + certificate(100),
        "Bag Attributes\n" + certificate(100),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90\n-----END OPENSSH PRIVATE KEY-----",
        "",
        "not PEM at all",
    ],
)
def test_pem_as_it_should_be(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, a_pem=text) == []


def test_text_that_mentions_pem(tmp_path: Path) -> None:
    text = "cert: |\n  -----BEGIN CERTIFICATE-----\n  and so on\n"
    assert told(tmp_path, settings_yaml=text) == []


def test_odd_roots_are_nobodys_business(tmp_path: Path) -> None:
    """cryptography warns of serial numbers below one, which old roots have."""
    der = x509.load_pem_x509_certificate(certificate(100).encode()).public_bytes(Encoding.DER)
    odd = der.replace(b"\xa0\x03\x02\x01\x02\x02\x01\x01", b"\xa0\x03\x02\x01\x02\x02\x01\x00", 1)
    assert odd != der
    body = base64.b64encode(odd).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    assert told(tmp_path, a=text) == []


def test_without_certificates_cryptography_is_not_needed() -> None:
    code = (
        "import io, sys\n"
        "from reconciler.workflow import load\n"
        "text = b'apiVersion: v1\\nkind: Secret\\nmetadata: {name: a}\\nstringData: {a: b}\\n'\n"
        "assert load('-', stdin=io.BytesIO(text)).objects\n"
        "assert 'cryptography' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
