"""Base64 as Go reads it."""

from __future__ import annotations

import binascii


def decode_base64(text: str | bytes) -> bytes:
    """Decode as Go's ``base64.StdEncoding`` does, which skips CR and LF and no other white space.

    Bits that no byte needs may be set.

    Raises:
        ValueError: a character is not of the alphabet, or padding is missing or too long.
    """
    if isinstance(text, bytes):
        text = text.decode("ascii")
    if "\n" in text or "\r" in text:
        text = text.replace("\n", "").replace("\r", "")
    decoded = binascii.a2b_base64(text, strict_mode=True)
    if len(text) != (len(decoded) + 2) // 3 * 4:  # Python lets padding through where none is due
        raise ValueError
    return decoded
