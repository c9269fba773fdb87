"""AES-256-GCM for the content of a store, and keyed checksums for its columns in clear."""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER_KEY_BYTES = 32
_NONCE_BYTES = 12
_MARK_BYTES = 16


class BrokenSeal(Exception):
    """The key does not fit, or the sealed text or its bound text has changed."""


class Sealer:
    """Seals and opens under one master key.

    A sealed text is the 96-bit nonce, the ciphertext and the 128-bit tag (NIST SP 800-38D). Nonces
    are random, so one key serves for 2**32 sealings (section 8.3 there).
    """

    __slots__ = ("_cipher", "_mark_key", "_share_key")

    def __init__(self, master_key: bytes) -> None:
        self._cipher = AESGCM(master_key)
        self._mark_key = hmac.digest(master_key, b"reconciler marks", "sha256")
        self._share_key = hmac.digest(master_key, b"reconciler shares", "sha256")

    def seal(self, content: bytes, bound: bytes) -> bytes:
        """Encrypt `content` so that it opens only together with `bound`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            BrokenSeal: it is not what `seal` made of this key and `bound`.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError, TypeError):
            raise BrokenSeal from None

    def mark(self, content: bytes) -> bytes:
        """A keyed checksum of `content`, stored in clear beside it: 16 bytes."""
        return hashlib.blake2b(content, key=self._mark_key, digest_size=_MARK_BYTES).digest()

    def share(self, content: bytes) -> int:
        """The share of `content` in the sum of a table: a keyed number that is not stored."""
        digest = hashlib.blake2b(content, key=self._share_key, digest_size=_MARK_BYTES).digest()
        return int.from_bytes(digest)
