"""Scalars against sigs.k8s.io/yaml v1.4.0 and kubectl 1.32, whose answers the tables hold."""

from __future__ import annotations

import math

import pytest

from reconciler.manifests import parse_document
from reconciler.manifests.plaintree import Placed


def parsed(text: str) -> dict[str, object]:
    placed, diagnostics = parse_document(text, "f.yaml")
    assert diagnostics == ()
    assert placed is not None
    plain = unplaced(placed)
    assert isinstance(plain, dict)
    return plain


def unplaced(placed: Placed) -> object:
    if isinstance(placed.value, dict):
        return {key: unplaced(inner) for key, inner in placed.value.items()}
    if isinstance(placed.value, list):
        return [unplaced(inner) for inner in placed.value]
    return placed.value


def code(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in parse_document(text, "f.yaml")[1]]


TRUE = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]
FALSE = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]
NULL = ["", "~", "null", "Null", "NULL"]
NUMBERS = [
    ("0", 0),
    ("-0", 0),
    ("+7", 7),
    ("0777", 511),
    ("0o777", 511),
    ("0O17", 15),
    ("08", 8.0),
    ("0_8", 8.0),
    ("0x1F", 31),
    ("-0X1f", -31),
    ("+0x10", 16),
    ("0b11", 3),
    ("-0b11", -3),
    ("0b-101", -5),
    ("1_000", 1000),
    ("1_", 1),
    ("1__0", 10),
    ("1e3", 1000.0),
    ("1.e3", 1000.0),
    ("5.", 5.0),
    (".5", 0.5),
    (".5_1", 0.51),
    ("-.5", -0.5),
    ("1_0.5_0", 10.5),
    ("9223372036854775808", 2**63),
    ("18446744073709551615", 2**64 - 1),
    ("+18446744073709551615", float(2**64)),
    ("-9223372036854775808", -(2**63)),
    ("-9223372036854775809", float(-(2**63))),
    ("18446744073709551616", float(2**64)),
    ("01777777777777777777777", 2**64 - 1),
]
STRINGS = [
    "1:30",
    "2026-11-22",
    "2001-12-14t21:59:43.10-05:00",
    "1e400",
    "9" * 400,
    "0xFFFFFFFFFFFFFFFFF",
    "0x",
    "0x1p3",
    "0b12",
    "0B-1",
    "_1",
    "._5",
    "1.5e",
    "+",
    ".",
    "=",
    "<<",
    "nULL",
    "yEs",
    "tRUE",
    "Infinity",
    "nan",
    "1 2",
    "0o8",
]


@pytest.mark.parametrize("text", TRUE)
def test_true(text: str) -> None:
    assert parsed(f"v: {text}") == {"v": True}


@pytest.mark.parametrize("text", FALSE)
def test_false(text: str) -> None:
    assert parsed(f"v: {text}") == {"v": False}


@pytest.mark.parametrize("text", NULL)
def test_null(text: str) -> None:
    assert parsed(f"v: {text}") == {"v": None}


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_numbers(text: str, number: float) -> None:
    found = parsed(f"v: {text}")["v"]
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize("text", STRINGS)
def test_strings(text: str) -> None:
    found = parsed(f"v: {text}")["v"]
    assert found == text
    assert isinstance(found, str)


@pytest.mark.parametrize("text", [*TRUE, *FALSE, *NULL, *(text for text, _ in NUMBERS)])
def test_quotes_make_strings(text: str) -> None:
    assert parsed(f"v: '{text}'\nw: \"{text}\"\nx: !!str {text}") == dict.fromkeys("vwx", text)


def test_what_json_has_no_number_for_is_a_float_and_fits_no_field() -> None:
    found = parsed("a: .inf\nb: -.INF\nc: .NaN")
    assert found["a"] == math.inf
    assert found["b"] == -math.inf
    assert isinstance(found["c"], float)
    assert math.isnan(found["c"])


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("1", "1"),
        ("0x10", "16"),
        ("yes", "true"),
        ("n", "false"),
        ("1.5", "1.5"),
        ("100000.0", "100000"),
        ("1e6", "1e+06"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("123456789.0", "1.2345679e+08"),
        ("-1.5e-7", "-1.5e-07"),
        ("1e300", ".inf"),
        ("-.inf", "-.inf"),
        (".NaN", ".nan"),
        ("2026-11-22", "2026-11-22"),
        ("!!str 1", "1"),
        ("!!int '1'", "1"),
        ("'<<'", "<<"),
    ],
)
def test_keys_become_strings(key: str, text: str) -> None:
    assert parsed(f"{key}: v") == {text: "v"}


@pytest.mark.parametrize("key", ["~", "? ~\n", "[a]", "{a: b}", "18446744073709551615"])
def test_keys_that_json_cannot_have(key: str) -> None:
    assert code(f"{key}: v") == ["key-invalid"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!binary aGVsbG8=", "hello"),
        ("!!float 1", 1.0),
        ('!!int "12"', 12),
        ("!!bool yes", True),
        ("!!null ''", None),
        ("!!timestamp 2026-11-22", "2026-11-22"),
        ("!!str ~", "~"),
        ("!!str", ""),
        ("! 1", "1"),
        ("!own 1", "1"),
        ("!!merge x", "x"),
    ],
)
def test_tags(text: str, value: object) -> None:
    found = parsed(f"v: {text}")["v"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "!!int x",
        "!!bool 1",
        "!!null x",
        "!!float x",
        "!!timestamp x",
        "!!binary '?'",
        "!!binary /w==",  # kubectl makes U+FFFD of bytes that are not UTF-8
    ],
)
def test_tags_that_do_not_fit(text: str) -> None:
    assert code(f"v: {text}") == ["tag-invalid"]


MERGES = [
    ("a: &x {k: 1}\nb: {<<: *x, l: 2}", {"k": 1, "l": 2}, []),
    ("a: &x {k: 1}\nb: {<<: *x, k: 2}", {"k": 2}, []),
    ("a: &x {k: 1}\nb: {k: 2, <<: *x}", {"k": 1}, ["merge-override"]),
    ("a: &x {k: 1}\nb: {<<: [*x, {k: 2, m: 3}]}", {"k": 1, "m": 3}, []),
    ("a: &x {k: 1}\nb: {!!merge <<: *x}", {"k": 1}, []),
    ("a: &x {k: 1}\nb: {'<<': *x}", {"<<": {"k": 1}}, []),
    ("a: &x {k: 1}\nb: {<<: *x, <<: {m: 2}}", {"k": 1, "m": 2}, []),
    ("a: &x {k: 1}\nb: {<<: *x, k: 2, k: 3}", {"k": 2}, ["key-duplicate"]),
    ("a: 1\nb: {<<: 1}", {}, ["merge-invalid"]),
    ("a: 1\nb: {<<: [1, {k: 2}]}", {"k": 2}, ["merge-invalid"]),
]


@pytest.mark.parametrize(("text", "merged", "codes"), MERGES)
def test_merge_keys_win_where_they_come_later(
    text: str, merged: dict[str, object], codes: list[str]
) -> None:
    placed, diagnostics = parse_document(text, "f.yaml")
    assert placed is not None
    tree = unplaced(placed)
    assert isinstance(tree, dict)
    assert tree["b"] == merged
    assert [diagnostic.code for diagnostic in diagnostics] == codes


def test_an_anchor_may_be_given_again() -> None:
    assert parsed("a: &x 1\nb: &x 2\nc: *x") == {"a": 1, "b": 2, "c": 2}
