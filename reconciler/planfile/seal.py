"""The seal of a plan file: a MAC of its bytes, under a key derived from the fingerprint key."""

from __future__ import annotations

import hmac
from enum import Enum

from reconciler.model import seals
from reconciler.model.fingerprints import PublicSalt
from reconciler.model.seals import key_check

_LABEL = b"reconciler plan file seal"


class Standing(Enum):
    """What the seal of a plan file is worth, in words that follow ``plan file``."""

    VERIFIED = "verified"
    ALTERED = "altered"
    """Its seal was made with the same key, and its content is not what was sealed."""
    UNCHECKED = "not verified: only apply can check its seal"
    UNSEALED = "unverified: a version without seals has made it"
    OTHER_KEY = "unverified: it was sealed with another fingerprint key"
    DERIVED_KEY = "unverified: there was no fingerprint key yet when it was made"
    PUBLIC_KEY = "unverified: everybody who can read this store has its fingerprint key"

    @property
    def code(self) -> str:
        """The code of the note that reports it."""
        if self in {Standing.VERIFIED, Standing.ALTERED, Standing.UNCHECKED}:
            return f"plan-{self.name.lower()}"
        return "plan-unverified"


def mac(sealed: bytes, key: bytes) -> str:
    """The seal of `sealed` under the fingerprint key `key`: 64 hexadecimal digits."""
    return seals.mac(sealed, key, _LABEL)


def standing(sealed: bytes, seal: str, check: str, key: bytes, *, derived: bool) -> Standing:
    """Check `seal` against the bytes that it covers.

    `check` is the plan's own `key_check`, `key` the present fingerprint key. `derived` means that
    the key comes from the manifests' values, as it does before the first apply.
    """
    if not seal:
        return Standing.UNSEALED
    if not hmac.compare_digest(check.encode(), key_check(key).encode()):
        return Standing.OTHER_KEY
    if not hmac.compare_digest(seal, mac(sealed, key)):
        return Standing.ALTERED
    if derived:
        return Standing.DERIVED_KEY
    return Standing.PUBLIC_KEY if isinstance(key, PublicSalt) else Standing.VERIFIED
