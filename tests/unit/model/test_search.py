"""No text hides a value: every encoding of the table, of any value, within any other text."""

from __future__ import annotations

import base64
import html
import json
import quopri
import shlex
import urllib.parse
from collections.abc import Callable, Mapping

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reconciler.model.search import TELLING_LENGTH, ValueSearch
from reconciler.model.spellings import ESCAPES, WHOLE
from reconciler.model.values import SecretValue, UnreadValue

Encoder = Callable[[bytes], str]


def of_text(encode: Callable[[str], str]) -> Encoder:
    """An encoder of text: bytes that are no UTF-8 have no such encoding."""
    return lambda value: encode(value.decode())


def mixed_case(text: str) -> str:
    return "".join(one.upper() if at % 3 else one.lower() for at, one in enumerate(text))


def mixed_percent(value: bytes) -> str:
    return "".join(f"%{byte:02x}" if at % 2 else f"%{byte:02X}" for at, byte in enumerate(value))


def quoted_by_bash(value: bytes) -> str:
    """As bash's ``printf %q`` in the C locale does."""
    plain = {ord("'"): r"\'", ord("\\"): r"\\", 7: r"\a", 8: r"\b", 12: r"\f", 27: r"\E", 10: r"\n"}
    written = (
        plain.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in value
    )
    return f"$'{''.join(written)}'"


def after_user(encode: Callable[[bytes], bytes]) -> Encoder:
    return lambda value: encode(b"a-user:" + value).decode()


def unpadded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def wrapped(value: bytes) -> str:
    return base64.encodebytes(b"some more, so that lines break: " + value).decode()


ENCODERS: Mapping[str, Mapping[str, Encoder]] = {
    "percent encoding": {
        "quote": lambda value: urllib.parse.quote_from_bytes(value, safe=""),
        "quote, few": lambda value: urllib.parse.quote_from_bytes(value, safe="/:@!$&'()*,;="),
        "lower": lambda value: (
            urllib.parse.quote_from_bytes(value).lower()
            if value == value.lower()
            else mixed_percent(value).lower()
        ),
        "everything": mixed_percent,
        "twice": lambda value: urllib.parse.quote(urllib.parse.quote_from_bytes(value)),
    },
    "form encoding": {
        "plus": urllib.parse.quote_plus,
        "urlencode": lambda value: urllib.parse.urlencode({"user": "a b", "password": value}),
    },
    "escapes of characters: JSON, YAML, Python's str": {
        "JSON": of_text(json.dumps),
        "JSON in UTF-8": of_text(lambda text: json.dumps(text, ensure_ascii=False)),
        "JSON in JSON": of_text(lambda text: json.dumps({"a": json.dumps({"b": text})})),
        "JSON of PHP": of_text(lambda text: json.dumps(text).replace("/", r"\/")),
        "JSON of Go": of_text(
            lambda text: (
                json.dumps(text)
                .replace("<", r"\u003c")
                .replace(">", r"\u003E")
                .replace("&", r"\u0026")
            )
        ),
        "everything": of_text(
            lambda text: "".join(
                f"\\u{unit:04X}"
                for unit in memoryview(text.encode("utf-16-le")).cast("H")  # of this machine
            )
        ),
        "YAML": of_text(lambda text: yaml.dump(text, default_style='"', width=2**20)),
        "YAML, wrapped": of_text(lambda text: yaml.dump({"a": f"some words {text}"}, width=20)),
        "Python": of_text(repr),
        "Python, ASCII": of_text(ascii),
    },
    "escapes of bytes: C, shells, Python's bytes": {
        "Python": repr,
        "bash": quoted_by_bash,
        "hex": lambda value: "".join(f"\\x{byte:02x}" for byte in value),
    },
    "HTML and XML references": {
        "escape": of_text(html.escape),
        "decimal": of_text(lambda text: "".join(f"&#{ord(one)};" for one in text)),
        "hex": of_text(lambda text: "".join(f"&#x{ord(one):X};" for one in text)),
    },
    "quoted-printable": {
        "mail": lambda value: quopri.encodestring(value).decode(),
        "everything": lambda value: quopri.encodestring(value, quotetabs=True).decode(),
    },
    "base64 and base64url": {
        "plain": lambda value: base64.b64encode(value).decode(),
        "for URLs": lambda value: base64.urlsafe_b64encode(value).decode(),
        "unpadded": unpadded,
        "for users": after_user(base64.b64encode),
        "for users, in URLs": after_user(base64.urlsafe_b64encode),
        "wrapped": wrapped,
        "wrapped, in JSON": lambda value: json.dumps(wrapped(value)),
        "in a URL": lambda value: urllib.parse.quote_plus(base64.b64encode(value)),
    },
    "hex": {
        "lower": bytes.hex,
        "upper": lambda value: value.hex().upper(),
        "mixed": lambda value: mixed_case(value.hex()),
        "prefixed": lambda value: f"0x{value.hex().upper()}",
        "PostgreSQL": lambda value: rf"\x{value.hex()}",
    },
    "hex with separators": {
        "colons": lambda value: value.hex(":").upper(),
        "spaces": lambda value: value.hex(" ", 2),
        "list": lambda value: ", ".join(f"0x{byte:02x}" for byte in value),
    },
    "": {
        "plain": of_text(str),
        "wrapped": of_text(lambda text: "\n  ".join(text[at : at + 5] for at in range(0, 99, 5))),
        "shell": of_text(shlex.quote),
        "shell, by hand": of_text(lambda text: "'" + text.replace("'", r"'\''") + "'"),
        "YAML": of_text(lambda text: "'" + text.replace("'", "''") + "'"),
        "CSV": of_text(lambda text: '"' + text.replace('"', '""') + '"'),
    },
}
"""By encodings of the table; under "" are ways to write a value as it stands."""

WRAPPING = [
    encode
    for encoders in ENCODERS.values()
    for kind, encode in encoders.items()
    if kind.endswith("wrapped")
]

BY_TEXT = st.text().map(lambda text: text.encode("utf-8", "replace"))
VALUES = (
    (BY_TEXT | st.binary(max_size=90) | st.text("a'\"\\ \n&+%/é😀", max_size=30).map(str.encode))
    .map(bytes.strip)
    .filter(lambda value: len(value) >= TELLING_LENGTH)
)
# An escape that begins before the value would swallow the value's own beginning.
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TOUCHING = st.sampled_from([*"aF0zZ9-_/.,:;'\"(}]", " ", "\n", "é", ""])


def test_every_encoding_of_the_table_is_tried() -> None:
    assert {one.name for one in (*ESCAPES, *WHOLE)} | {""} == ENCODERS.keys()


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(encode, id=f"{name or 'as it stands'}: {kind}")
        for name, encoders in ENCODERS.items()
        for kind, encode in encoders.items()
    ],
)
@given(value=VALUES, before=AROUND, touching=TOUCHING, after=AROUND)
@example(value=b"correct horse+battery/staple", before="see ", touching="0", after="x")
@example(value=b'\x08\x0cquote"d\\', before="", touching="_", after="")
@example(value="pass😀word".encode(), before="", touching="", after="")
@example(value=b"human-readable", before="", touching="F", after="F")
@example(value=b"''''''''", before="", touching="'", after="'")
@example(value=b"\0\x015abcdef", before="", touching="", after="7")
@settings(max_examples=40)
def test_a_value_is_seen_in_every_encoding(
    encode: Encoder, value: bytes, before: str, touching: str, after: str
) -> None:
    others = [SecretValue(b"another value %03d" % number) for number in range(40)]
    if encode in WRAPPING:  # of what is mostly white space, lines are not broken elsewhere
        assume(len(b"".join(value.split())) >= TELLING_LENGTH)
    try:
        text = f"{before}{touching}{encode(value)}{after}"
    except UnicodeDecodeError:
        value = value.hex().encode()
        text = f"{before}{touching}{encode(value)}{after}"
    assert ValueSearch([SecretValue(value)]).is_in(text)
    assert ValueSearch([*others, SecretValue(value)]).is_in(text)


@pytest.mark.parametrize(
    "text", [r"\\u0061 secret", r"\\\\u0061 secret", r"x\\\u0061 secret", r"\u0061\u0020secret"]
)
def test_backslashes_before_an_escape_hide_nothing(text: str) -> None:
    assert ValueSearch([SecretValue(b"a secret")]).is_in(text)


@given(
    values=st.lists(st.text("ab", min_size=6, max_size=12), max_size=60),
    text=st.text("ab", max_size=40),
)
def test_many_values_are_seen_as_each_is_by_itself(values: list[str], text: str) -> None:
    secrets = [SecretValue(value.encode()) for value in values]
    seen = ValueSearch(secrets).value_in(text)
    assert (seen is not None) is any(ValueSearch([one]).is_in(text) for one in secrets)
    assert seen is None or ValueSearch([seen]).is_in(text)


def test_long_values_that_begin_alike_are_told_apart() -> None:
    alike = [b"p" * 1500 + b"%04d" % number for number in range(40)]
    search = ValueSearch([*map(SecretValue, alike), SecretValue(b"p" * 1500 + b"0007 and more")])
    text = "p" * 1500 + "0007" + "q" * 3000
    assert search.value_in(text) == SecretValue(alike[7])
    assert not search.is_in("p" * 5000)
    assert not search.is_in("p" * 1500 + "1234")
    short = ValueSearch([*map(SecretValue, alike), SecretValue(b"p" * 40)])
    assert short.value_in("p" * 45) == SecretValue(b"p" * 40)


def test_a_search_of_a_short_text_serves_longer_ones_too() -> None:
    search = ValueSearch([SecretValue(b"secret"), SecretValue(b"a much longer secret")])
    assert not search.is_in("sacred")
    assert search.is_in("it is a much longer secret")
    assert search.value_in("secret") == SecretValue(b"secret")


@pytest.mark.parametrize(
    "text", ["", "short", "another text", "a" * 999, "%", "\\", "&", "=", "+", "\\" * 99]
)
def test_nothing_is_seen_where_no_value_is(text: str) -> None:
    for few in (1, 99):
        values = [SecretValue(b"a secret value %d" % number) for number in range(few)]
        assert not ValueSearch([*values, SecretValue(b"short"), UnreadValue(None)]).is_in(text)
    assert not ValueSearch([]).is_in(text)
