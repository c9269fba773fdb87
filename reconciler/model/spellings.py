"""In which ways a text may say a secret value."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

_REMEMBERED = 8
_URL_ALPHABET = bytes.maketrans(b"-_", b"+/")  # of base64 (RFC 4648, section 5)
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_WORD = re.compile(rb"[A-Za-z0-9+/]{8,}")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_BACKSLASH = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_WHITE = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class Spellings(NamedTuple):
    """All that a text may mean to whoever reads it, and the length of its longest single word."""

    said: bytes
    longest: int

    def __repr__(self) -> str:
        return "<Spellings>"

    def hold(self, value: bytes) -> bool:
        """Tell whether the text says `value`, which has no white space around it."""
        if value in self.said or b"".join(value.split()) in self.said:
            return True
        # Base64 and hex of it would be one word; most texts have none of that length.
        return self.longest >= 4 * len(value) // 3 and any(
            form in self.said for form in _encodings(value)
        )


@functools.lru_cache(_REMEMBERED)  # the texts of one object are asked for all of its values
def spellings(text: str) -> Spellings:
    r"""`text` as it stands, without white space, and with what stands for characters put back.

    That is ``%22`` in URLs and ``\"`` in JSON; base64 is in its usual alphabet, and hex in lower
    case too.
    """
    written = text.encode("utf-8", "surrogatepass")
    found = [written]
    if b"%" in written:
        found.append(_PERCENT.sub(lambda match: bytes([int(match[1], 16)]), written))
    if b"\\" in written:
        found.append(_BACKSLASH.sub(_unescaped, written))
    said = b"\0".join([*found, *(b"".join(one.split()) for one in found)])
    words = _WORD.findall(said.translate(_URL_ALPHABET))
    lowered = (word.lower() for word in words if _HEX.fullmatch(word))
    return Spellings(b"\0".join((said, *words, *lowered)), max(map(len, words), default=0))


def _encodings(value: bytes) -> Iterator[bytes]:
    """Hex and base64 of `value`, as they stand within longer ones too.

    Of base64, only the characters that say nothing of what stands before and after the value, as
    ``user:`` does.
    """
    yield value.hex().encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + value)
        yield encoded[-(-4 * before // 3) : 4 * (before + len(value)) // 3]


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return chr(int(match[1], 16)).encode("utf-8", "surrogatepass")
    return _WHITE.get(match[2], match[2])
