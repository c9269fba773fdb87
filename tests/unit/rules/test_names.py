"""After GenerateName (apiserver pkg/storage/names) and rand.String (apimachinery pkg/util/rand)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.objects import ObjectKey, Resource
from reconciler.rules import SUFFIX_ALPHABET, SUFFIX_LENGTH, generated_name, validate
from reconciler.rules.names import is_data_key, is_qualified_name, qualified_name_fault


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("app-", "app-bcdfg"),
        ("a" * 57 + "-", "a" * 57 + "-bcdfg"),
        ("a" * 58 + "-", "a" * 58 + "bcdfg"),
        ("a" * 253, "a" * 58 + "bcdfg"),
    ],
)
def test_a_long_prefix_is_cut_at_58(prefix: str, name: str) -> None:
    assert generated_name(prefix, "bcdfg") == name


def test_suffixes_hold_no_vowels_and_nothing_to_mistake() -> None:
    assert len(set(SUFFIX_ALPHABET)) == len(SUFFIX_ALPHABET) == 27
    assert not set(SUFFIX_ALPHABET) & set("aeiouy013")
    assert SUFFIX_LENGTH == 5


@given(
    kind=st.sampled_from(["Namespace", "Secret"]),
    prefix=st.text(alphabet="aX1.-_", min_size=1, max_size=70),
    suffix=st.text(alphabet=SUFFIX_ALPHABET, min_size=5, max_size=5),
)
def test_a_prefix_that_is_allowed_makes_a_name_that_is(kind: str, prefix: str, suffix: str) -> None:
    namespace = "" if kind == "Namespace" else "shop"
    if validate(Resource(key=ObjectKey(kind, namespace, ""), generate_name=prefix)):
        return
    key = ObjectKey(kind, namespace, generated_name(prefix, suffix))
    assert validate(Resource(key=key)) == ()


@given(st.text(alphabet="aA0-._/ \n", max_size=8))
def test_what_is_not_a_qualified_name_is_told_why(text: str) -> None:
    assert is_qualified_name(text) == (not qualified_name_fault(text))


def test_overlong_keys_are_judged_without_being_kept() -> None:
    assert not is_qualified_name("a" * 100_000)
    assert not is_data_key("a" * 100_000)
