"""Keyed digests of values, by which they are compared where they must not be kept."""

from __future__ import annotations

import functools
import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.model.values import AbsentValue, SecretValue, UnreadText

FINGERPRINT_KEY_BYTES = 32
_REMEMBERED = 4096  # fingerprints of texts that are not longer than this
_LONGEST_REMEMBERED = 256
_HMAC_BLOCK = 64  # block size of SHA-256
_HMAC_INNER = bytes(byte ^ 0x36 for byte in range(256))
_HMAC_OUTER = bytes(byte ^ 0x5C for byte in range(256))
# About 0.1 s and 32 MiB per guess, for somebody with a plan made before the first apply.
_SCRYPT_COST = 2**15
_SCRYPT_BLOCK = 8
_SCRYPT_MEMORY = 64 * 1024 * 1024


class PublicSalt(bytes):
    """The fingerprint key of a store that cannot hide one: all who can read the store have it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Fingerprinter:
    """Keyed digests of field values: HMAC-SHA-256, bound to the namespace and the field.

    A plain hash would let anybody who reads it test guesses of a weak secret. Where the key is a
    `PublicSalt`, values are stretched by scrypt first.
    """

    key: bytes = field(repr=False)
    _of_content: Callable[[str, tuple[str, ...], bytes], str] = field(
        init=False, repr=False, compare=False
    )
    _of_text: Callable[[str, tuple[str, ...], str], str] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # RFC 2104, section 4: the state after hashing the padded key is kept. Fingerprints take a
        # tenth of the time of an apply, and the module hmac would take half as long again.
        key = self.key if len(self.key) <= _HMAC_BLOCK else hashlib.sha256(self.key).digest()
        padded = key.ljust(_HMAC_BLOCK, b"\0")
        inner = hashlib.sha256(padded.translate(_HMAC_INNER))
        outer = hashlib.sha256(padded.translate(_HMAC_OUTER))
        of_content = functools.partial(_digest, inner, outer)
        object.__setattr__(self, "_of_content", of_content)
        # Types, labels and annotations are the same in many objects. What remembers them does not
        # refer to the fingerprinter: it goes with that, without a search for cycles.
        remembered = functools.lru_cache(_REMEMBERED)(
            lambda namespace, path, text: of_content(namespace, path, text.encode())
        )
        object.__setattr__(self, "_of_text", remembered)

    def of(self, namespace: str, path: tuple[str, ...], value: SecretValue | str) -> str:
        """The fingerprint of `value` at `path` of an object in `namespace`: 32 hex digits.

        The fingerprint of a value that is not here is the one kept with it, or empty.
        """
        if type(value) is str and len(value) <= _LONGEST_REMEMBERED:  # as most are
            return self._of_text(namespace, path, value)
        if isinstance(value, UnreadText):
            return value.fingerprint
        if isinstance(value, str):
            return self._of_content(namespace, path, value.encode())
        if isinstance(value, AbsentValue):
            return value.fingerprint or ""
        content = value.reveal()
        if isinstance(self.key, PublicSalt):
            content = _stretched(hashlib.sha256(content).digest(), self.key)
        return self._of_content(namespace, path, content)


def _digest(
    keyed_inner: hashlib._Hash,
    keyed_outer: hashlib._Hash,
    namespace: str,
    path: tuple[str, ...],
    content: bytes,
) -> str:
    inner, outer = keyed_inner.copy(), keyed_outer.copy()
    inner.update(_place(namespace, path) + content)
    outer.update(inner.digest())
    return outer.hexdigest()[:32]


@functools.lru_cache(_REMEMBERED)
def _place(namespace: str, path: tuple[str, ...]) -> bytes:
    return "\0".join((namespace, *path, "")).encode()


def derive_fingerprint_key(values: Iterable[SecretValue], salt: bytes) -> bytes:
    """A key for plans made before the store has one, from all desired values together.

    Somebody who has only the plan must know all other values to test a guess of one, and pay one
    scrypt (RFC 7914) for each guess.
    """
    contents = [value.reveal() for value in values]
    digest = hashlib.sha256(struct.pack(f">{len(contents)}Q", *map(len, contents)))
    for content in contents:
        digest.update(content)
    return _scrypt(digest.digest(), salt)


@functools.lru_cache(maxsize=2**14)
def _stretched(digest: bytes, salt: PublicSalt) -> bytes:
    """Cached, since a plan needs the same value several times and each call takes 0.1 s."""
    return _scrypt(digest, salt)


def _scrypt(content: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(
        content,
        salt=salt,
        n=_SCRYPT_COST,
        r=_SCRYPT_BLOCK,
        p=1,
        maxmem=_SCRYPT_MEMORY,
        dklen=FINGERPRINT_KEY_BYTES,
    )
