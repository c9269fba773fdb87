"""Secret values, which mask themselves, and the references that stand for them.

A plan contains `ValueRef`s, never `SecretValue`s, so code that renders or saves a plan has no value
to leak.
"""

from __future__ import annotations

import base64
import binascii
import string
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn, Self

MASK = "(secret value)"


class Nature(StrEnum):
    """How two values differ."""

    CONTENT = "content"
    WHITESPACE = "whitespace"
    ENCODING = "encoding"
    CIPHERTEXT = "ciphertext"
    """They may be equal: the ciphertext in the manifest is not the one that was applied."""
    UNKNOWN = "unknown"
    """They may be equal: one is not here, and nothing tells what it is."""
    ENCODED = "encoded"
    """The new value is the old one in base64."""
    DECODED = "decoded"
    """The old value is the new one in base64."""


class SecretValue:
    """The bytes of one key of a Secret; only `reveal` returns them.

    ``repr``, ``str`` and ``format`` are masked; pickling and JSON are refused.
    """

    __slots__ = ("_bytes",)

    def __init__(self, value: bytes) -> None:
        self._bytes = value

    def reveal(self) -> bytes:
        """The value itself; only for stores, the loader and validation."""
        return self._bytes

    def nature_of_change(self, new: SecretValue) -> Nature:
        """Whether this value and `new` differ only in white space, or only in encoding.

        What is base64 of the other is no other encoding to a program that reads the value.
        """
        if isinstance(new, AbsentValue):
            return new.nature
        old_bare, new_bare = b"".join(self._bytes.split()), b"".join(new._bytes.split())
        if old_bare == new_bare:
            return Nature.WHITESPACE
        if _decoded(new_bare) == self._bytes != b"":
            return Nature.ENCODED
        if _decoded(old_bare) == new._bytes != b"":
            return Nature.DECODED
        if _decodings(self._bytes, old_bare) & _decodings(new._bytes, new_bare):
            return Nature.ENCODING
        return Nature.CONTENT

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretValue):
            return NotImplemented
        return self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __copy__(self) -> SecretValue:
        return self

    def __deepcopy__(self, _memo: object) -> SecretValue:
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret value cannot be pickled")


_BASE64_ALPHABET = (string.ascii_letters + string.digits + "+/=").encode()


class AbsentValue(SecretValue):
    """A value of which only a fingerprint is here, or not even that (``None``)."""

    __slots__ = ("fingerprint",)

    def __init__(self, fingerprint: str | None) -> None:
        super().__init__(b"")
        self.fingerprint = fingerprint

    def reveal(self) -> NoReturn:
        """Always raises: the value is not here."""
        raise TypeError("a value that is not here cannot be revealed")

    @property
    def nature(self) -> Nature:
        """How another value differs from this one: its content counts as different."""
        return Nature.CONTENT

    def nature_of_change(self, new: SecretValue) -> Nature:
        """The value is not available, so its content counts as different."""
        return new.nature if isinstance(new, AbsentValue) else Nature.CONTENT


class UnreadValue(AbsentValue):
    """A value in a store that never returns values.

    ``fingerprint`` was kept with it when it was written; ``None`` if there is no reliable one, so
    that the value is unknowable. It equals no `SecretValue` that was read.
    """

    __slots__ = ()

    def nature_of_change(self, new: SecretValue) -> Nature:
        """Without a fingerprint, nothing tells whether the values differ."""
        return Nature.UNKNOWN if self.fingerprint is None else super().nature_of_change(new)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnreadValue) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


class UnreadText(str):
    """A label, an annotation or a setting of which only a fingerprint is here.

    As text it is empty. It equals no text, and no other one but of the same fingerprint.
    """

    __slots__ = ("fingerprint",)

    fingerprint: str

    def __new__(cls, fingerprint: str) -> Self:
        """The text with that fingerprint."""
        made = super().__new__(cls)
        made.fingerprint = fingerprint
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnreadText) and self.fingerprint == other.fingerprint

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return "<UnreadText>"


class GeneratedValue(AbsentValue):
    """A value that does not exist yet: an apply draws it, just before it is written.

    ``place`` is that of the key of data, so that no two of them are equal.
    """

    __slots__ = ("place",)

    def __init__(self, place: tuple[str, ...]) -> None:
        super().__init__(None)
        self.place = place

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GeneratedValue) and self.place == other.place

    def __hash__(self) -> int:
        return hash(self.place)


class SealedValue(AbsentValue):
    """A value in a manifest that is encrypted, and whose key is not at hand.

    ``digest`` is that of its ciphertext. ``fingerprint`` is known where that ciphertext was applied
    to the object that it is compared with; ``recorded`` tells that some ciphertext was. It equals
    only itself.
    """

    __slots__ = ("digest", "recorded")

    def __init__(
        self, digest: str, *, fingerprint: str | None = None, recorded: bool = False
    ) -> None:
        super().__init__(fingerprint)
        self.digest = digest
        self.recorded = recorded

    @property
    def nature(self) -> Nature:
        """How sure it is that a live value, which differs as far as can be told, differs."""
        if self.fingerprint is not None:
            return Nature.CONTENT
        return Nature.CIPHERTEXT if self.recorded else Nature.UNKNOWN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SealedValue) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def _decoded(bare: bytes) -> bytes | None:
    """`bare`, which has no white space, decoded from base64; nothing where it is none."""
    if not bare.translate(None, _BASE64_ALPHABET):
        with suppress(binascii.Error):
            return base64.b64decode(bare, validate=True)
    return None


def _decodings(value: bytes, bare: bytes) -> set[bytes]:
    """The meanings of `value`: itself, decoded base64, and its text in UTF-8 and NFC.

    `bare` is the value without white space.
    """
    meanings = {value}
    decoded = _decoded(bare)
    if decoded is not None:
        meanings.add(decoded)
    if value.isascii() and 0 not in value:
        return meanings - {b""}  # plain ASCII has the same meaning in all codecs
    for codec in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"):
        try:
            text = value.decode(codec)
        except UnicodeDecodeError:
            continue
        meanings.add(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass"))
    return meanings - {b""}


@dataclass(frozen=True, slots=True)
class ValueRef:
    """Stands for a secret value in a plan.

    ``number`` is the same for equal values within a plan and says nothing else; ``fingerprint``
    serves to verify a saved plan. ``unread`` says that the store has the value but never returns
    it; then the fingerprint is the store's, or empty. ``sealed`` says that it is encrypted in the
    manifest and that its key is not at hand; then the fingerprint is that of the record, or empty.
    ``generated`` says that there is no value yet: an apply draws it.
    """

    number: int = field(compare=False)
    fingerprint: str
    unread: bool = False
    sealed: bool = False
    generated: bool = False


@dataclass(frozen=True, slots=True)
class UidOf:
    """Stands for the uid of an object that the same plan creates: known after its step."""

    kind: str
    namespace: str
    name: str
