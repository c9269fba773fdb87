"""Digests of ciphertexts: they tell that an encrypted value is still the one that was applied.

They are no secrets: whoever can read the encrypted file can form the first, and the second is of no
use without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from reconciler.model.plans import FieldPath

_DIGITS = 32


class Ciphertext(NamedTuple):
    """A value as it is encrypted; ``path`` is what it was encrypted for: its place in the file."""

    path: str
    text: str

    def __repr__(self) -> str:
        return "<Ciphertext>"


def digest_of(identity: tuple[str, ...], ciphertext: Ciphertext) -> str:
    """The digest of `ciphertext` in the object `identity`: its kind, namespace and name.

    The same text elsewhere is another value, or none, so it has another digest.
    """
    return _digest((*identity, *ciphertext))


def recorded_digest(digest: str, fingerprint: str) -> str:
    """What a record keeps of the value with that digest and fingerprint.

    It covers both, so that the digest of an old value never stands for a new one.
    """
    return _digest((digest, fingerprint))


def recorded_digests(
    digests: Mapping[str, str], fields: Mapping[FieldPath, str]
) -> dict[FieldPath, str]:
    """`digests`, by the keys of ``data``, as the record with the fingerprints `fields` keeps them.

    A key that the set does not own has none.
    """
    paths = {("data", key): digest for key, digest in digests.items()}
    return {
        path: recorded_digest(digest, fields[path])
        for path, digest in paths.items()
        if path in fields
    }


def _digest(parts: tuple[str, ...]) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
