"""What the quick reader of JSON reads; tests/fuzz/test_shapes.py holds that it reads it right."""

from __future__ import annotations

import pytest

from reconciler.manifests.nodes import Entry, Mapping, Scalar, Sequence, Value
from reconciler.manifests.quickjson import quick_json


def read(text: str, max_depth: int = 3) -> object:
    return quick_json(text, 0, max_depth)


def test_a_stream_has_places() -> None:
    assert read('{"a": {},\n "b" :["c", 1]}\n[]\n') == [
        (
            Mapping(
                {
                    "a": Entry("a", 1, Mapping({}, 6), 6),
                    "b": Entry("b", 11, Sequence([Scalar("c", 17), Scalar(1, 22)], 16), 16),
                },
                0,
            ),
            0,
            25,
        ),
        (Sequence([], 26), 26, 28),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('""', ""),
        ('"a b"', "a b"),
        ('"\\n\\u00e4\\ud83d\\ude00"', "\nä😀"),
        ('"ä\u2028"', "ä\u2028"),
        ("-0.5e1", -5.0),
        ("12", 12),
        ("true", True),
        ("null", None),
    ],
)
def test_values(written: str, value: Value) -> None:
    assert read(f"[{written}]") == [(Sequence([Scalar(value, 1)], 0), 0, len(written) + 2)]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[",
            "]",
            "{]",
            "[}",
            "[] ]",
            "[1 2]",
            "[1,]",
            "[,]",
            "[],",
            "[1]x",
            "[01]",
            "[1.]",
            "[nul]",
        ),
        *('{"a"}', '{"a":}', '{"a" "b"}', '{"a": 1,}', "{1}", '{"a": 1 "b": 2}', '["a": 1]'),
        *('{"a": 1, "a": 2}', '{"ä": 1}', '{"\\u0061": 1}', "1", '[] "a"', "[[[[]]]]", "[\xa0]"),
        *('["\\x"]', '["\\ud83d"]', '["a\tb"]', '["', "[] --- []", "[NaN]"),
    ],
)
def test_all_else_is_left_to_the_other_reader(text: str) -> None:
    assert read(text) is None


def test_maps_and_lists_as_deep_as_is_allowed() -> None:
    assert read("[[[]]]") is not None
