"""PEM as Go's ``encoding/pem`` reads it, which kubelets, API servers and most ingresses use.

Source: Go 1.26, ``encoding/pem/pem.go``, ``Decode``. It skips what it cannot read, so a file may
hold less than it seems to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from reconciler.rules.base64 import decode_base64

BEGIN = b"-----BEGIN "
_END = b"\n-----END "
_DASHES = b"-----"
_COLON = ord(":")
# A block as every program writes it, which needs no search for its lines.
_USUAL = re.compile(
    rb"-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*+)-----\n"
    rb"((?:[A-Za-z0-9+/]+\n)*+(?:[A-Za-z0-9+/]+={1,2}\n)?+)-----END \1-----\n"
)
BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\n\v\f\r"  # as Go's bytes.TrimSpace has it, of ASCII
_DER = re.compile(rb"0[\x80-\x84]")  # a SEQUENCE in the long form: X.690, section 8.1.3
_INDENTED = re.compile(rb"^[ \t]+-----BEGIN ", re.MULTILINE)
_WRITTEN_OUT = re.compile(rb"-----BEGIN [^\n-]*-----(?:\\r)?\\n")
_MISCOUNTED = re.compile(rb"(?<!-)(?!-----BEGIN [^\n-]*-----(?!-))-{2,}BEGIN [^\n-]*-{2,}")
_FIRST_LINE = re.compile(rb"^-----BEGIN [^\n-]*-----[ \t]*\r?$", re.MULTILINE)
_BASE64_OF_PEM = b"LS0tLS1CRUdJTi"


class Block(NamedTuple):
    """A PEM block: what its BEGIN line names, and what it holds."""

    label: bytes
    content: bytes

    def __repr__(self) -> str:
        return "<Block>"


def blocks(data: bytes) -> Iterator[Block]:
    """The blocks in `data` that Go can read, in their order."""
    place = 0
    while (result := _next_block(data, place)) is not None:
        block, place = result
        yield block


def is_private_key(block: Block) -> bool:
    """Whether Go takes `block` for a private key."""
    return block.label == b"PRIVATE KEY" or block.label.endswith(b" PRIVATE KEY")


def fault(data: bytes) -> tuple[str, str]:
    """Say why `data` holds no block that can be read, and what to do."""
    return next((message, hint) for applies, message, hint in _FAULTS if applies(data))


_FAULTS: tuple[tuple[Callable[[bytes], object], str, str], ...] = (
    (lambda data: not data.strip(), "is empty", "give the key its PEM text"),
    (
        lambda data: data.startswith(BOM),
        "begins with a byte order mark (BOM), which is no part of PEM",
        "save the file as UTF-8 without a BOM",
    ),
    (
        _DER.match,
        "is DER, not PEM",
        "convert it with 'openssl x509 -inform der', or a key with 'openssl pkey -inform der'",
    ),
    (
        lambda data: data.lstrip().startswith(_BASE64_OF_PEM),
        "is base64 of PEM: it was encoded twice",
        "encode it once, or use stringData",
    ),
    (
        _WRITTEN_OUT.search,
        "has the two characters \\n in place of line breaks, as JSON writes them",
        "keep the line breaks with a block scalar (|), unless what reads the value replaces \\n",
    ),
    (
        _MISCOUNTED.search,
        "has a BEGIN line with more or fewer than five dashes on a side",
        "write it as it was issued, with five dashes on both sides",
    ),
    (
        lambda data: BEGIN not in data,
        "holds no PEM block",
        "give the text from its BEGIN line to its END line",
    ),
    (
        _INDENTED.search,
        "is indented: its BEGIN and END lines must start in the first column",
        "indent all lines alike below a block scalar (|), without an indentation indicator",
    ),
    (
        lambda data: not _FIRST_LINE.search(data),
        "has lost its line breaks",
        "keep them with a block scalar (|)",
    ),
    (
        lambda data: _END not in data,
        "has no END line of its own",
        "give the whole text, END line included",
    ),
    (
        lambda _: True,
        "holds a PEM block that cannot be decoded",
        "give the text as it was issued, from its BEGIN line to its END line",
    ),
)
"""What is wrong, told by the first test that applies."""


def _next_block(data: bytes, place: int) -> tuple[Block, int] | None:
    """The first block from `place` on, and where the search for the next one begins.

    All places count from the beginning of `data`. A BEGIN line counts at `place`, too: what comes
    before was read already.
    """
    usual = _USUAL.match(data, place)
    if usual and (content := _decoded(usual[2])) is not None:
        return Block(usual[1], content), usual.end()
    trailer = place  # behind the "-----END " that was tried last
    while place <= trailer <= len(data):
        place = trailer
        end = data.find(_END, place)
        if end < 0:
            return None
        trailer = end + len(_END)
        begin = data.rfind(BEGIN, place, end)
        if begin < 0 or (begin > place and data[begin - 1] != ord("\n")):
            continue
        line, place = _line(data, begin + len(BEGIN))
        if not line.endswith(_DASHES):
            continue
        label = line.removesuffix(_DASHES)
        headers, place = _skip_headers(data, place)
        if place >= len(data):
            return None
        if headers and end < place:
            continue
        content = _content(data, label, place, end, trailer)
        if content is not None:
            # An empty block shares the line break of its BEGIN line with its END line.
            return Block(label, content), _line(data, end + len(_END) - 1)[1]
    return None


def _skip_headers(data: bytes, place: int) -> tuple[bool, int]:
    """Whether lines with colons stand at `place`, and the place of the first one without."""
    any_header = False
    while place < len(data):
        line, following = _line(data, place)
        if _COLON not in line:
            break
        any_header, place = True, following
    return any_header, place


def _content(data: bytes, label: bytes, place: int, end: int, trailer: int) -> bytes | None:
    """What stands between `place` and the END line, if that is the end of a block."""
    closing = label + _DASHES
    if not data.startswith(closing, trailer) or _line(data, trailer + len(closing))[0]:
        return None
    return _decoded(data[place:end].translate(None, b" \t")) if end > place else b""


def _decoded(text: bytes) -> bytes | None:
    try:
        return decode_base64(text)
    except ValueError:
        return None


def _line(data: bytes, place: int) -> tuple[bytes, int]:
    """The line at `place` without its line break and the blanks before that, and the next one."""
    end = data.find(b"\n", place)
    if end < 0:
        return data[place:].rstrip(b" \t"), len(data)
    following = end + 1
    if end > place and data[end - 1] == ord("\r"):
        end -= 1
    return data[place:end].rstrip(b" \t"), following
