from __future__ import annotations

import base64
import copy
import hmac
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.model.fingerprints import Fingerprinter, derive_fingerprint_key
from reconciler.model.search import ValueSearch
from reconciler.model.values import MASK, Nature, SecretValue

PLANTED = b"hunter2-hunter2"
VALUE = SecretValue(PLANTED)


@pytest.mark.parametrize(
    "shown", [repr, str, format, lambda value: f"{value!r:>40}", "{}".format, "%s".__mod__]
)
def test_a_value_shows_a_mask(shown: Callable[[SecretValue], str]) -> None:
    assert shown(VALUE).strip() == MASK
    assert shown([VALUE] if shown is repr else VALUE).strip("[] ") == MASK  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_value_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError) as caught:
        pickle.dumps(VALUE, protocol)
    assert "hunter2" not in str(caught.value)


def test_a_value_is_no_json_and_has_no_attributes() -> None:
    with pytest.raises(TypeError):
        json.dumps(VALUE)
    assert not hasattr(VALUE, "__dict__")


def test_values_are_equal_by_their_bytes_and_to_values_alone() -> None:
    assert SecretValue(b"x") == SecretValue(b"x") != SecretValue(b"y")
    assert hash(SecretValue(b"x")) == hash(SecretValue(b"x"))
    other: Any = b"x"
    assert SecretValue(b"x") != other
    assert copy.copy(VALUE) is copy.deepcopy(VALUE) is VALUE
    assert VALUE.reveal() == PLANTED


@pytest.mark.parametrize(
    ("old", "new", "nature"),
    [
        (b"x", b"x\n", Nature.WHITESPACE),
        (b"a\r\nb", b"a\nb", Nature.WHITESPACE),
        (b"", b" ", Nature.WHITESPACE),
        (b"password", base64.b64encode(b"password"), Nature.ENCODED),
        (base64.b64encode(b"password"), b"password", Nature.DECODED),
        (b"password", base64.b64encode(b"password") + b"\n", Nature.ENCODED),
        ("é".encode(), "é".encode("latin-1"), Nature.ENCODING),
        ("pässword".encode(), "pässword".encode("utf-16"), Nature.ENCODING),
        ("é".encode(), "e\u0301".encode(), Nature.ENCODING),
        (b"\xef\xbb\xbfpassword", b"password", Nature.ENCODING),
        (b"password", b"passw0rd", Nature.CONTENT),
        (b"password", b"", Nature.CONTENT),
        (b"", b"password", Nature.CONTENT),
        (b"\xff\xfe\x00", b"\xff\xfe\x01", Nature.CONTENT),
    ],
)
def test_the_nature_of_a_change(old: bytes, new: bytes, nature: Nature) -> None:
    assert SecretValue(old).nature_of_change(SecretValue(new)) is nature


@pytest.mark.parametrize(
    ("value", "text", "occurs"),
    [
        (PLANTED, "hunter2-hunter2", True),
        (PLANTED, "before hunter2-hunter2 after", True),
        (PLANTED, base64.b64encode(PLANTED).decode(), True),
        (b"hunter2-hunter22", base64.b64encode(b"hunter2-hunter22").decode().rstrip("="), True),
        (PLANTED + b"\n", "hunter2-hunter2", True),
        (PLANTED + b"\n", base64.b64encode(PLANTED).decode(), True),
        (PLANTED + b"\n", base64.b64encode(PLANTED + b"\n").decode(), True),
        (PLANTED, "hunter2-hunter3", False),
        (PLANTED, f"sum: {PLANTED.hex()}.", True),
        (PLANTED + b"\n", PLANTED.hex().upper(), True),
        (PLANTED, PLANTED.hex()[:-1], False),
        (b"12345", b"12345".hex(), False),
        (b"12345", "12345", False),
        (b"12345\n\n\n", "12345", False),
        (b"123456", "123456", True),
        (b"", "", False),
        ("lösung".encode(), "die lösung", True),
        (PLANTED, "\ud800", False),
        (PLANTED, "hunter2\n  -hunter2", True),
        (PLANTED, "user=a&password=hunter2%2dhunter2", True),
        ('say "hunter2"\nß'.encode(), json.dumps({"password": 'say "hunter2"\nß'}), True),
        (b"a\nlonger value\n", "alonger\n value", True),
        (b"Postgres", "postgres of the shop", False),
        (b"postgres", "Postgres of the shop", False),
        *((PLANTED, base64.b64encode(b"a" * n + PLANTED + b"z").decode(), True) for n in range(4)),
        *((b"123456", base64.b64encode(b"a" * n + b"123456").decode(), True) for n in range(4)),
        *((b"123456", base64.b64encode(b"a" * n + b"129456").decode(), False) for n in range(4)),
        (b"\xfb\xef\xbe\xfb\xef\xbe", "--------", True),
        (PLANTED, base64.encodebytes(b"x" * 50 + PLANTED).decode(), True),
        (PLANTED, json.dumps(base64.encodebytes(b"x" * 50 + PLANTED).decode()), True),
    ],
)
def test_text_that_holds_a_value_is_recognised(value: bytes, text: str, *, occurs: bool) -> None:
    assert ValueSearch([SecretValue(value)]).is_in(text) is occurs


ONE, OTHER = Fingerprinter(b"1" * 32), Fingerprinter(b"2" * 32)


def test_a_fingerprint_is_bound_to_key_namespace_path_and_value() -> None:
    base = ONE.of("shop", ("data", "k"), VALUE)
    assert base == ONE.of("shop", ("data", "k"), SecretValue(PLANTED))
    assert base == ONE.of("shop", ("data", "k"), PLANTED.decode())
    others = {
        OTHER.of("shop", ("data", "k"), VALUE),
        ONE.of("", ("data", "k"), VALUE),
        ONE.of("shop", ("data", "l"), VALUE),
        ONE.of("shop", ("data",), VALUE),
        ONE.of("shop", ("data", "k"), SecretValue(PLANTED + b"\n")),
        ONE.of("shopdata", ("k",), VALUE),
    }
    assert len(others | {base}) == 7
    assert len(base) == 32
    assert int(base, 16) > 0


@pytest.mark.parametrize("key", [b"k", b"k" * 32, b"k" * 64, b"k" * 65, bytes(range(256))])
def test_a_fingerprint_is_the_first_half_of_an_hmac(key: bytes) -> None:
    expected = hmac.digest(key, b"shop\0data\0k\0" + PLANTED, "sha256").hex()[:32]
    assert Fingerprinter(key).of("shop", ("data", "k"), VALUE) == expected


def test_a_fingerprinter_does_not_show_its_key() -> None:
    assert "1111" not in repr(ONE)


def test_a_derived_key_depends_on_every_value_their_bounds_and_the_salt() -> None:
    def key(*values: bytes, salt: bytes = b"salt") -> bytes:
        return derive_fingerprint_key(map(SecretValue, values), salt)

    assert key(b"ab", b"c") == key(b"ab", b"c")
    assert len(key(b"ab", b"c")) == 32
    assert len({key(b"ab", b"c"), key(b"a", b"bc"), key(b"abc"), key(b"ab", b"c", salt=b"x")}) == 4
