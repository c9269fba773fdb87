"""Patches between any two documents, as plans hold them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.patches import Operation, difference, patched

NAMES = st.sampled_from(["a", "a/b", "~", "~1", "0", "", "é"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
LISTS = st.lists(
    st.sampled_from(["x", "y"]) | st.dictionaries(NAMES, LEAVES, max_size=2), max_size=4
)
DOCUMENTS = st.recursive(
    st.dictionaries(NAMES, LEAVES | LISTS, max_size=4),
    lambda inner: st.dictionaries(NAMES, LEAVES | LISTS | inner, max_size=4),
    max_leaves=10,
)


@given(before=DOCUMENTS, after=DOCUMENTS)
def test_a_difference_leads_from_any_document_to_any(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patched(before, difference(before, after)) == after
    assert difference(before, before) == ()


def test_a_difference_has_one_order_whatever_the_documents() -> None:
    before = {"b": {"y": "1", "x": "1"}, "a": "1"}
    after = {"c": "1", "b": {"w": "1", "x": "2"}}
    operations = (
        Operation("remove", "/a"),
        Operation("add", "/b/w", "1"),
        Operation("replace", "/b/x", "2"),
        Operation("remove", "/b/y"),
        Operation("add", "/c", "1"),
    )
    assert difference(before, after) == operations
    assert difference(dict(reversed(before.items())), dict(reversed(after.items()))) == operations


def test_lists_are_replaced_whole() -> None:
    assert difference({"l": ["a", "a", "b"]}, {"l": ["a", "b"]}) == (
        Operation("replace", "/l", ["a", "b"]),
    )
