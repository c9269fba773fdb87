"""The trees of a file, opened with its data key.

The reference is getsops/sops v3.13: ``aes/cipher.go`` for values, ``sops.go`` (``Tree.Decrypt``,
``ToBytes``) for paths and the MAC.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from binascii import a2b_base64
from collections.abc import Iterable
from decimal import Decimal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reconciler.manifests.nodes import Entry, Mapping, Node, Scalar, Sequence, Value, bare
from reconciler.manifests.sops.ciphertexts import without_record
from reconciler.manifests.sops.record import LeftToProgram, Record

_SEALED = re.compile(
    r"ENC\[AES256_GCM,data:(?P<data>[A-Za-z0-9+/=]*),iv:(?P<iv>[A-Za-z0-9+/=]+)"
    r",tag:(?P<tag>[A-Za-z0-9+/=]+),type:(?P<type>[a-z]+)\]"
)
# Begins the MAC of files where it covers encrypted values alone (MACOnlyEncryptedInitialization).
_MAC_ONLY_ENCRYPTED = bytes.fromhex(
    "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69"
)
_BOOLEANS = {"True": True, "true": True, "False": False, "false": False}

Bare = Value | Sequence | Mapping


def opened(roots: Iterable[Node], record: Record, data_key: bytes) -> tuple[list[Node], bool]:
    """`roots`, all of a file's, decrypted, each without its record; whether the MAC fits.

    Raises:
        LeftToProgram: a value does not open.
    """
    opener = _Opener(record, data_key)
    plain = [opener.root(root) for root in roots]
    return plain, opener.fits()


class _Opener:
    def __init__(self, record: Record, data_key: bytes) -> None:
        try:
            self._open = AESGCM(data_key).decrypt
        except ValueError:
            raise LeftToProgram from None
        self._record = record
        self._matches = record.rule.matches
        self._mac = hashlib.sha512(_MAC_ONLY_ENCRYPTED if record.mac_only_encrypted else b"")

    def root(self, root: Node) -> Node:
        if not isinstance(root, Mapping):
            raise LeftToProgram
        return self._mapping(without_record(root), "", matching=False)

    def fits(self) -> bool:
        """Whether the MAC in the record is that of the values."""
        try:
            mac = self._unsealed(self._record.mac, self._record.modified)
        except LeftToProgram:
            return False
        computed = self._mac.hexdigest().upper().encode()
        return isinstance(mac, str) and hmac.compare_digest(mac.encode(), computed)

    def _mapping(self, node: Mapping, path: str, *, matching: bool) -> Mapping:
        entries = {
            name: self._entry(entry, path, matching=matching)
            for name, entry in node.entries.items()
        }
        mixed = [self._entry(entry, path, matching=matching) for entry in node.mixed]
        return Mapping(entries, node.place, mixed)

    def _entry(self, entry: Entry, path: str, *, matching: bool) -> Entry:
        key = entry.key
        if not isinstance(key, str):
            raise LeftToProgram
        matching = matching or self._matches(key)
        return entry._replace(value=self._value(entry.value, f"{path}{key}:", matching=matching))

    def _value(self, value: Bare, path: str, *, matching: bool) -> Bare:
        if isinstance(value, Mapping):
            return self._mapping(value, path, matching=matching)
        if isinstance(value, Sequence):
            items = [self._item(item, path, matching=matching) for item in value.items]
            return Sequence(items, value.place)
        return None if value is None else self._leaf(value, path, matching=matching)

    def _item(self, item: Node, path: str, *, matching: bool) -> Node:
        value = self._value(bare(item), path, matching=matching)
        return value if isinstance(value, Mapping | Sequence) else Scalar(value, item.place)

    def _leaf(self, value: Value, path: str, *, matching: bool) -> Value:
        encrypted = matching is self._record.rule.encrypts_matching
        plain = self._unsealed(value, path) if encrypted else value
        if encrypted or not self._record.mac_only_encrypted:
            self._mac.update(_bytes_of(plain))
        return plain

    def _unsealed(self, value: Value, path: str) -> Value:
        """The plain value; `path` is what it was sealed with beside it."""
        if value == "":
            return ""
        match = _SEALED.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise LeftToProgram
        try:
            data, iv, tag = map(a2b_base64, match.group("data", "iv", "tag"))
            return _typed(self._open(iv, data + tag, path.encode()).decode(), match["type"])
        except (InvalidTag, ValueError):
            raise LeftToProgram from None


def _typed(text: str, kind: str) -> Value:
    match kind:
        case "str" | "time":  # a server knows no times, but reads their text
            return text
        case "int":
            return int(text)
        case "float":
            return float(text)
        case "bool":
            return _BOOLEANS[text] if text in _BOOLEANS else _raise()
    return _raise()  # bytes, and comments in lists


def _raise() -> Value:
    raise LeftToProgram


def _bytes_of(value: Value) -> bytes:
    """What the MAC covers of a leaf."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise LeftToProgram
        return format(Decimal(repr(value)), "f").removesuffix(".0").encode()
    return str(value).encode("utf-8", "surrogatepass")
