"""Makes manifests to measure with: Secrets of a few types, the same for the same seed.

python benchmarks/generate.py 10000 /tmp/manifests
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SEED = 20
NAMESPACES = 20
_PAIRS = 5
_TYPES = ("Opaque",) * 7 + (
    "kubernetes.io/tls",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/basic-auth",
)
_WORDS = ("orders", "search", "mail", "billing", "stock", "login", "reports", "gateway")
_KEYS = ("password", "api-key", "database-url", "token", "client-secret", "signing-key")

Pair = tuple[str, str]


def generate(count: int, directory: Path, seed: int = SEED, namespace: str = "team") -> None:
    """Write `count` Secrets, one to a file of some 0.8 KB, and their Namespaces in one more file.

    Of ten Secrets seven are Opaque with three keys, and one each is of type tls, dockerconfigjson
    and basic-auth. One half uses ``data``, the other ``stringData``. All but the TLS pairs, which
    are made anew each time, is the same for the same `seed`. Names of namespaces begin with
    `namespace`.
    """
    source = random.Random(seed)  # noqa: S311 - the same each time, on purpose
    pairs = [_pair(f"service-{number}.example.com") for number in range(_PAIRS)]
    directory.mkdir(parents=True)
    namespaces = [
        f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {namespace}-{number:02}\n"
        for number in range(NAMESPACES)
    ]
    (directory / "namespaces.yaml").write_text("---\n".join(namespaces), encoding="utf-8")
    for number in range(count):
        name = f"{source.choice(_WORDS)}-{number:06}"
        path = directory / f"{name}.yaml"
        path.write_text(_manifest(number, (name, namespace), source, pairs), encoding="utf-8")


def _manifest(number: int, names: tuple[str, str], source: random.Random, pairs: list[Pair]) -> str:
    name, namespace = names
    kind = _TYPES[number % len(_TYPES)]
    values = _values(kind, source, pairs)
    plain = number // len(_TYPES) % 2 == 0
    lines = [
        "apiVersion: v1",
        "kind: Secret",
        "metadata:",
        f"  name: {name}",
        f"  namespace: {namespace}-{source.randrange(NAMESPACES):02}",
        "  labels:",
        f"    app.kubernetes.io/name: {name}",
        f"    app.kubernetes.io/part-of: {source.choice(_WORDS)}",
        "    app.kubernetes.io/managed-by: reconciler",
        "  annotations:",
        f"    example.com/owner: {source.choice(_WORDS)}@example.com",
        f'    example.com/rotated: "2026-0{source.randint(1, 9)}-01"',
        f"type: {kind}",
        *(_string_data(values) if plain else _data(values)),
    ]
    return "\n".join(lines) + "\n"


def _values(kind: str, source: random.Random, pairs: list[Pair]) -> Mapping[str, str]:
    match kind:
        case "kubernetes.io/tls":
            certificate, key = source.choice(pairs)
            return {"tls.crt": certificate, "tls.key": key}
        case "kubernetes.io/dockerconfigjson":
            user, password = source.choice(_WORDS), _text(source, 32)
            auth = base64.b64encode(f"{user}:{password}".encode()).decode()
            entry = {"username": user, "password": password, "auth": auth}
            return {".dockerconfigjson": json.dumps({"auths": {"registry.example.com": entry}})}
        case "kubernetes.io/basic-auth":
            return {"username": source.choice(_WORDS), "password": _text(source, 40)}
        case _:
            return {key: _text(source, 96) for key in source.sample(_KEYS, 3)}


def _text(source: random.Random, length: int) -> str:
    return "".join(source.choices(string.ascii_letters + string.digits + "+/_-", k=length))


def _string_data(values: Mapping[str, str]) -> list[str]:
    lines = ["stringData:"]
    for key, value in values.items():
        if "\n" in value:
            lines += [f"  {key}: |", *(f"    {line}" for line in value.splitlines())]
        else:
            lines.append(f"  {key}: {json.dumps(value) if '{' in value else value}")
    return lines


def _data(values: Mapping[str, str]) -> list[str]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return ["data:", *(f"  {key}: {value}" for key, value in encoded.items())]


def _pair(host: str) -> Pair:
    """A self-signed certificate and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    generate(chosen.count, chosen.directory, chosen.seed)


if __name__ == "__main__":
    _main()
