"""Seals of files: MACs of their bytes, under keys derived from a fingerprint key."""

from __future__ import annotations

import hashlib
import hmac

from reconciler.model.fingerprints import Fingerprinter

_CHECKED: tuple[str, ...] = ("key-check",)


def key_check(key: bytes) -> str:
    """A fingerprint of nothing, by which a fingerprint key is recognised."""
    return Fingerprinter(key).of("", _CHECKED, "")


def mac(sealed: bytes, key: bytes, label: bytes) -> str:
    """The seal of `sealed` under the fingerprint key `key`: 64 hexadecimal digits.

    `label` tells one kind of file from another. It has no zero byte: what is fingerprinted has one,
    so that the two never have the same input.
    """
    own_key = hmac.digest(key, label, hashlib.sha256)
    return hmac.digest(own_key, sealed, hashlib.sha256).hex()
