"""AES-256-GCM for what the store keeps, and a keyed checksum for what it must find in clear."""

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
    """The key does not fit, or what was sealed or what it was bound to has changed."""


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
        """A keyed checksum of `content`, which stays in clear beside it: 16 bytes."""
        return hashlib.blake2b(content, key=self._mark_key, digest_size=_MARK_BYTES).digest()

    def share(self, content: bytes) -> int:
        """What `content` adds to the total of a table: a keyed number that stands nowhere."""
        digest = hashlib.blake2b(content, key=self._share_key, digest_size=_MARK_BYTES).digest()
        return int.from_bytes(digest)
