"""Draws the values that manifests leave to be generated.

They are drawn once for a step, before its first call of the store, so that a write that is repeated
after its answer was lost writes the same values again.
"""

from __future__ import annotations

import secrets
import string
import uuid
from base64 import b64encode
from collections import ChainMap
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast

from reconciler.model.fields import DATA, Leaf
from reconciler.model.generation import Recipe, RecipeKind, is_address
from reconciler.model.plans import Change, FieldPath, PlanValues
from reconciler.model.values import SecretValue, ValueRef

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

_ALNUM = string.ascii_letters + string.digits
_SLOW_CLOCKS = timedelta(minutes=5)


def with_drawn(change: Change, values: PlanValues, moment: datetime) -> PlanValues:
    """`values` with newly drawn ones in place of those that `change` generates.

    Certificates are valid from `moment` on, in UTC, and a little before, for clocks that are slow.
    """
    if not change.generated:
        return values
    drawn: dict[FieldPath, Leaf] = {
        (DATA, name): SecretValue(content)
        for recipe in change.generated
        for name, content in zip(recipe.keys, _DRAWS[recipe.kind](recipe, moment), strict=True)
    }
    numbered = {
        field.after.number: drawn[field.path]
        for field in change.fields
        if field.path in drawn and isinstance(field.after, ValueRef)
    }
    others = cast("dict[int, SecretValue]", values.numbered)  # of which there may be many
    target = {**values.targets.get(change.key, {}), **drawn}
    return PlanValues(ChainMap(numbered, others), {change.key: target})


def _alnum(recipe: Recipe, _: datetime) -> tuple[bytes, ...]:
    return ("".join(secrets.choice(_ALNUM) for _ in range(recipe.length)).encode(),)


def _hex(recipe: Recipe, _: datetime) -> tuple[bytes, ...]:
    return (secrets.token_hex(recipe.length).encode(),)


def _base64(recipe: Recipe, _: datetime) -> tuple[bytes, ...]:
    return (b64encode(secrets.token_bytes(recipe.length)),)


def _bytes(recipe: Recipe, _: datetime) -> tuple[bytes, ...]:
    return (secrets.token_bytes(recipe.length),)


def _uuid(_recipe: Recipe, _: datetime) -> tuple[bytes, ...]:
    return (str(uuid.uuid4()).encode(),)


def _ssh(recipe: Recipe, _: datetime) -> tuple[bytes, ...]:
    # Imported here, as below: most applies generate no key.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    comment = f" {recipe.comment}" if recipe.comment else ""
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        public + f"{comment}\n".encode(),
    )


def _tls(recipe: Recipe, moment: datetime) -> tuple[bytes, ...]:
    """A key on the curve P-256, and a certificate of it that no other can be derived from."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, recipe.name)])
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _SLOW_CLOCKS)
        .not_valid_after(moment + timedelta(days=recipe.days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([*map(_alternative, recipe.alternatives)]), critical=False
        )
        .sign(key, SHA256())
    )
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )


def _alternative(text: str) -> GeneralName:
    from cryptography import x509

    return x509.IPAddress(ip_address(text)) if is_address(text) else x509.DNSName(text)


_DRAWS: Mapping[RecipeKind, Callable[[Recipe, datetime], tuple[bytes, ...]]] = {
    RecipeKind.ALNUM: _alnum,
    RecipeKind.HEX: _hex,
    RecipeKind.BASE64: _base64,
    RecipeKind.BYTES: _bytes,
    RecipeKind.UUID: _uuid,
    RecipeKind.SSH: _ssh,
    RecipeKind.TLS: _tls,
}
"""How each kind is drawn: the contents of the keys of a recipe, in their order."""
