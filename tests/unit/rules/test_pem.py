"""PEM as Go reads it: each row was put before ``encoding/pem`` of Go 1.26."""

from __future__ import annotations

import base64
import textwrap
import time

import pytest

from reconciler.rules import pem

BEGIN, END = b"-----BEGIN X-----\n", b"-----END X-----\n"
BLOCK = BEGIN + b"YWJj\n" + END
OTHER = b"-----BEGIN Y-----\nZGVm\n-----END Y-----\n"

READ = [
    (BLOCK, [b"X"]),
    (BLOCK + OTHER, [b"X", b"Y"]),
    (BLOCK.rstrip(), [b"X"]),
    (BLOCK.replace(b"\n", b"\r\n"), [b"X"]),
    (b"Subject: x\nissuer=y\n\n" + BLOCK, [b"X"]),
    (BLOCK.replace(b"YW", b" Y\tW"), [b"X"]),
    (BLOCK.replace(b"\n", b" \t\n"), [b"X"]),
    (BEGIN + b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\nYWJj\n" + END, [b"X"]),
    (BEGIN + END, [b"X"]),
    (BEGIN + END + OTHER, [b"X", b"Y"]),
    (b"-----BEGIN -----\nYWJj\n-----END -----\n", [b""]),
    (BEGIN + b"YWJj\n" + BLOCK, [b"X"]),  # a BEGIN line without an end is passed over
    (BEGIN + b"YW?j\n" + END + OTHER, [b"Y"]),
    (b"-----BEGIN Z-----\nYWJj\n" + END + OTHER, [b"Y"]),
    (BLOCK + b"-----BEGIN Y-----\nZGVm\n", [b"X"]),
    (b"\xef\xbb\xbf" + BLOCK + OTHER, [b"Y"]),
    (b"\xef\xbb\xbf" + BLOCK, []),
    (b"  " + BLOCK, []),
    (BLOCK.replace(b"\n", b"\n "), []),
    (BLOCK.replace(b"\n", b" "), []),
    (BLOCK.replace(b"\n", b"\\n"), []),
    (BLOCK.replace(b"\n", b"\r"), []),
    (BLOCK.rstrip() + b"x\n", []),
    (BLOCK.replace(b"X-----\nY", b"X----\nY"), []),
    (BEGIN + b"YWJ\n" + END, []),  # no padding
    (BEGIN + b"a: b\n" + END, []),
    (BEGIN + b"a: b\n-----END X-----: \nYWJj\n" + END, []),
    (b"", []),
    (b"YWJj", []),
    (b"\x30\x82\x01\x0a", []),
]


@pytest.mark.parametrize(("data", "labels"), READ)
def test_the_blocks_that_go_finds(data: bytes, labels: list[bytes]) -> None:
    assert [block.label for block in pem.blocks(data)] == labels


@pytest.mark.parametrize("size", [0, 1, 2, 3, 47, 48, 49, 96, 1000])
@pytest.mark.parametrize("label", ["CERTIFICATE", "RSA PRIVATE KEY", "X509 CRL"])
def test_a_block_is_the_same_with_a_blank_behind_its_end(size: int, label: str) -> None:
    """Go skips the blank; the quick way for blocks of the usual form does not know it."""
    lines = textwrap.fill(base64.b64encode(bytes(range(256)) * 4)[: size * 4 // 3].decode(), 64)
    block = f"-----BEGIN {label}-----\n{lines}{lines and chr(10)}-----END {label}-----\n"
    usual = (block + block).encode()
    blocks = [*pem.blocks(usual)]
    assert blocks == [*pem.blocks(usual.replace(b"-----\n-----BEGIN", b"----- \n-----BEGIN"))]
    assert blocks == [*pem.blocks(usual.replace(b"\n", b" \n"))]


def test_what_a_block_holds() -> None:
    assert [block.content for block in pem.blocks(BEGIN + END + OTHER + BLOCK)] == [
        b"",
        b"def",
        b"abc",
    ]
    assert "abc" not in repr([*pem.blocks(BLOCK)])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b" \n", "empty"),
        (b"\xef\xbb\xbf" + BLOCK, "byte order mark"),
        (b"\x30\x82\x01\x0a\x02", "DER"),
        (b"LS0tLS1CRUdJTiBYLS0tLS0K", "encoded twice"),
        (b"canary", "no PEM block"),
        (BLOCK.replace(b"\n", b"\n  "), "line breaks|indented|END line"),
        (b"  " + BLOCK.replace(b"\n", b"\n  "), "indented"),
        (BLOCK.replace(b"\n", b" "), "line breaks"),
        (BLOCK.replace(b"\n", b"\\n"), "two characters"),
        (b'"' + BLOCK.replace(b"\n", b"\\n") + b'"', "two characters"),
        (BLOCK.replace(b"-----BEGIN", b"----BEGIN"), "five dashes"),
        (BLOCK[:-1].replace(b"-----\n", b"---\n"), "five dashes"),
        (BEGIN + b"YWJj\n", "END line"),
        (BEGIN + b"YW?j\n" + END, "cannot be decoded"),
    ],
)
def test_why_there_is_no_block(data: bytes, says: str) -> None:
    message, hint = pem.fault(data)
    assert any(word in message for word in says.split("|"))
    assert hint
    assert "canary" not in message + hint


@pytest.mark.parametrize(
    "data",
    [
        BEGIN * 60_000,
        b"-" * 1_000_000 + b"BEGIN x",
        b"--BEGIN " * 100_000,
        b"-----BEGIN x-----" * 60_000,
        (BEGIN + b"a: b\n") * 40_000,
        END * 60_000,
        b"\n-----END " * 100_000,
        b"-----BEGIN " * 90_000 + b"\n-----END ",
        BEGIN + b"a:\n" * 300_000 + END,
        BLOCK.replace(b"YWJj", b"YW?j") * 25_000,
        b" " * 1_000_000 + BEGIN,
        (b" " * 500 + b"\n") * 2_000,
    ],
)
def test_a_megabyte_of_nonsense_takes_no_time(data: bytes) -> None:
    began = time.process_time()
    assert [*pem.blocks(data)] == []
    assert pem.fault(data)
    assert time.process_time() - began < 2
