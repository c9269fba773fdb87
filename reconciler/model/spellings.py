"""The encodings in which a text may contain a secret value: one table for all searches.

Encodings that leave a choice (which characters to escape, upper or lower case) are decoded in the
text, and the decoded text is searched for the value.
"""

from __future__ import annotations

import binascii
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_WHITE = b" \t\n\r\x0b\x0c"
_QUOTING = ((b"'", b"'\"'\"'"), (b"'", rb"'\''"), (b"'", b"''"), (b'"', b'""'))
_QUOTE, _DOUBLE_QUOTE = b"'\""
_REMEMBERED = 8
_LONGEST_REMEMBERED = 4096
_WORD = re.compile(rb"[A-Za-z0-9+/_:,-]{8,}")  # of digits of base64, or of hex and separators
_LAYERS = 2  # JSON within JSON, a URL within a URL
_TOP = 0x110000  # code points end below it


class Encoding(NamedTuple):
    """A way to write bytes as text. A text without ``marker`` cannot be in this encoding.

    ``decode`` returns all possible meanings of a text, as an encoded part may begin anywhere.
    """

    name: str
    marker: bytes
    decode: Callable[[bytes], Iterable[bytes]]


class Readings(NamedTuple):
    """All possible meanings of a text: exact ones, and ones without white space."""

    exact: tuple[bytes, ...]
    bare: tuple[bytes, ...]

    def __repr__(self) -> str:
        return "<Readings>"


def bare(content: bytes) -> bytes:
    """`content` without white space, which is ignored: a text may break lines anywhere."""
    return content.translate(None, _WHITE)


def quoted(content: bytes) -> Iterable[bytes]:
    """`content` unchanged, and as it is quoted in shells, YAML, SQL and CSV.

    A text does not show where quotes begin, so values are quoted instead of texts unquoted.
    """
    if _QUOTE not in content and _DOUBLE_QUOTE not in content:
        return (content,)
    return (content, *(content.replace(quote, written) for quote, written in _QUOTING))


def readings(text: str, shortest: int) -> Readings:
    """All possible meanings of `text` in every encoding, for values of `shortest` bytes or more."""
    is_short = len(text) <= _LONGEST_REMEMBERED
    exact, unwrapped, longest = (_remembered if is_short else _unescaped)(text)
    if 3 * longest < 4 * shortest:  # most texts have no word that could encode one
        return Readings(exact, unwrapped)
    decoded = tuple(
        dict.fromkeys(
            meaning
            for encoding in WHOLE
            for content in unwrapped
            for meaning in encoding.decode(content)
        )
    )
    return Readings((*exact, *decoded), (*unwrapped, *map(bare, decoded)))


def _unescaped(text: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...], int]:
    """`text` with escapes decoded, the same without white space, and the longest word's length."""
    written = text.encode("utf-8", "surrogatepass")
    exact = {written: None}
    for encoding in ESCAPES:
        if encoding.marker not in written:
            continue
        layer = [written]
        for _ in range(_LAYERS):
            layer = [
                meaning
                for content in layer
                if encoding.marker in content
                for meaning in encoding.decode(content)
            ]
            if not layer:
                break
            exact.update(dict.fromkeys(layer))
    unwrapped = tuple(dict.fromkeys(map(bare, exact)))
    words = (len(word) for content in unwrapped for word in _WORD.findall(content))
    return tuple(exact), unwrapped, max(words, default=0)


_remembered = functools.lru_cache(_REMEMBERED)(_unescaped)  # labels are the same in many objects


_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


def _percent(text: bytes) -> Iterator[bytes]:
    yield _PERCENT.sub(lambda match: binascii.unhexlify(match[1]), text)


def _form(text: bytes) -> Iterator[bytes]:
    yield from _percent(text.replace(b"+", b" "))


def _quoted_printable(text: bytes) -> Iterator[bytes]:
    yield binascii.a2b_qp(text)


_ENTITY = re.compile(rb"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")


def _html(text: bytes) -> Iterator[bytes]:
    yield _ENTITY.sub(_entity, text)


def _entity(match: re.Match[bytes]) -> bytes:
    decimal, digits, name = match.groups()
    if name:
        from html.entities import html5  # here, since few texts have any

        return html5.get(f"{name.decode()};", match[0].decode()).encode()
    return _character(int(decimal) if decimal else int(digits, 16), match[0])


# The run of backslashes is matched as a whole, so a long one takes only linear time.
_ESCAPE = re.compile(
    rb"(?<!\\)(\\++)(?:"
    rb"u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|U([0-9A-Fa-f]{8})"
    rb"|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))",
    re.DOTALL,
)
_CONTROLS = {
    b"a": b"\a",
    b"b": b"\b",
    b"e": b"\x1b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}
_YAML_CONTROLS = _CONTROLS | {
    b"N": "\x85".encode(),
    b"_": "\xa0".encode(),
    b"L": "\u2028".encode(),
    b"P": "\u2029".encode(),
}
_SHELL_CONTROLS = _CONTROLS | {b"E": b"\x1b"}


def _escapes(text: bytes, *, numbers_are_bytes: bool) -> Iterator[bytes]:
    r"""`text` with backslash escapes decoded, in pairs from the left, and from the right.

    A backslash before an encoded part shifts the pairs by one character.
    """

    def unescaped(match: re.Match[bytes], *, from_the_left: bool) -> bytes:
        slashes = len(match[1])
        if from_the_left and slashes % 2 == 0:
            return match[1][: slashes // 2] + match[0][slashes:]
        return match[1][: (slashes - 1) // 2] + _escaped(match, numbers_are_bytes)

    for from_the_left in (True, False):
        yield _ESCAPE.sub(functools.partial(unescaped, from_the_left=from_the_left), text)


def _escaped(match: re.Match[bytes], numbers_are_bytes: bool) -> bytes:  # noqa: FBT001 - a hot path
    _, high, low, short, braced, long, byte, octal, other = match.groups()
    if other:
        controls = _SHELL_CONTROLS if numbers_are_bytes else _YAML_CONTROLS
        return controls.get(other, other)
    if octal:
        if numbers_are_bytes:
            return bytes([int(octal, 8) & 0xFF])
        return b"\0" + octal[1:] if octal[:1] == b"0" else octal
    if byte:
        number = int(byte, 16)
        return bytes([number]) if numbers_are_bytes else chr(number).encode()
    if high:  # a surrogate pair (RFC 8259, section 7)
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF)).encode()
    return _character(int(short or braced or long, 16), match[0][len(match[1]) - 1 :])


def _character(number: int, otherwise: bytes) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass") if number < _TOP else otherwise


# Bytes that are not digits of the encoding become a digit that is rare in encoded values, so that
# digits keep their positions and all parts of a text are decoded at once.
_FILL = b"x"
_BASE64 = bytearray(_FILL * 256)
for _digit in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
    _BASE64[_digit] = _digit
_BASE64[ord("-")], _BASE64[ord("_")] = b"+/"  # RFC 4648, section 5
_HEX_FILL = b"9"
_HEX = bytearray(_HEX_FILL * 256)
for _digit in b"0123456789abcdefABCDEF":
    _HEX[_digit] = _digit
_BETWEEN_BYTES = re.compile(rb"[:,-](?:0[xX])?")


def _base64(text: bytes) -> Iterator[bytes]:
    digits = text.translate(_BASE64) + 3 * _FILL
    for start in range(4):
        yield binascii.a2b_base64(digits[start : start + (len(digits) - start) // 4 * 4])


def _hex(text: bytes) -> Iterator[bytes]:
    digits = text.translate(_HEX)
    for start in range(2):
        yield binascii.unhexlify(digits[start : start + (len(digits) - start) // 2 * 2])


def _hex_with_separators(text: bytes) -> Iterator[bytes]:
    joined = _BETWEEN_BYTES.sub(b"", text)
    return _hex(joined) if joined != text else iter(())


ESCAPES = (
    Encoding("percent encoding", b"%", _percent),
    Encoding("form encoding", b"+", _form),
    Encoding(
        "escapes of characters: JSON, YAML, Python's str",
        b"\\",
        functools.partial(_escapes, numbers_are_bytes=False),
    ),
    Encoding(
        "escapes of bytes: C, shells, Python's bytes",
        b"\\",
        functools.partial(_escapes, numbers_are_bytes=True),
    ),
    Encoding("HTML and XML references", b"&", _html),
    Encoding("quoted-printable", b"=", _quoted_printable),
)
"""Encodings of single characters, which leave others unchanged."""

WHOLE = (
    Encoding("base64 and base64url", b"", _base64),
    Encoding("hex", b"", _hex),
    Encoding("hex with separators", b"", _hex_with_separators),
)
"""Encodings of whole texts, which may be escaped in turn; line breaks within them are ignored."""
