"""How the paths of fields are shown: no two of them alike, in no format."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.model.plans import FieldPath, Plan
from reconciler.planning.drift import drift
from reconciler.views import json, markdown, text
from reconciler.views.words import field_text
from tests.world import SET, live, planned, secret, snapshot

DIGITS = st.sampled_from(["0", "00", "0123", "123", "1", "01", "\u0661", "\u00b2", "007", "7"])
NAMES = DIGITS | st.text("0a.]['\"/~\\\n\t \u202e", min_size=1) | st.text(min_size=1)
PATHS: st.SearchStrategy[FieldPath] = st.one_of(
    st.tuples(st.just("data"), NAMES),
    st.tuples(
        st.just("metadata"),
        st.sampled_from(["labels", "annotations", "finalizers", "ownerReferences"]),
        NAMES,
    ),
    st.tuples(
        st.just("metadata"),
        st.just("ownerReferences"),
        NAMES,
        st.sampled_from(["controller", "apiVersion"]),
    ),
    st.tuples(st.just("imagePullSecrets"), st.integers(0, 12).map(str), st.sampled_from(["name"])),
    st.sampled_from([("type",), ("immutable",), ("secrets",), ("automountServiceAccountToken",)]),
)
KEYS = DIGITS.filter(str.isascii) | st.from_regex(re.compile(r"[-._a-zA-Z0-9]+"), fullmatch=True)


@given(one=PATHS, other=PATHS)
def test_no_two_paths_are_shown_alike(one: FieldPath, other: FieldPath) -> None:
    assume(one != other)
    assert field_text(one) != field_text(other)


def test_a_backslash_is_told_from_an_escape() -> None:
    assert field_text(("data", "a\\n")) == r"data[a\\n]"
    assert field_text(("data", "a\n")) == r"data[a\n]"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("data", "0123"), "data[0123]"),
        (("data", "00"), "data[00]"),
        (("data", "7"), "data[7]"),
        (("metadata", "labels", "007"), "metadata.labels[007]"),
        (("metadata", "finalizers", "x/y"), "metadata.finalizers[x/y]"),
        (
            ("metadata", "ownerReferences", "Secret/01/u", "controller"),
            "metadata.ownerReferences[Secret/01/u].controller",
        ),
        (("imagePullSecrets", "0", "name"), "imagePullSecrets[0].name"),
        (("secrets", "12"), "secrets[12]"),
    ],
)
def test_names_of_digits_are_names(path: FieldPath, shown: str) -> None:
    assert field_text(path) == shown


def plan_with(key: str) -> Plan:
    """A plan in which one key of data goes, and another stays."""
    before = secret("a", {"stays": "x", key: "y"})
    return planned([secret("a", {"stays": "x"})], snapshot(live(before, before)))[0]


@pytest.mark.parametrize("view", [partial(text.plan, colour=False), markdown.plan, json.plan])
@given(key=KEYS)
def test_a_key_is_shown_as_it_is_spelt(view: Callable[[Plan], str], key: str) -> None:
    assert f"data[{key}]" in view(plan_with(key))


@pytest.mark.parametrize("view", [partial(text.drift, colour=False), markdown.drift, json.drift])
@pytest.mark.parametrize("key", ["0123", "00", "7", "1.50"])
def test_a_key_that_drifted_is_shown_as_it_is_spelt(view: Callable[..., str], key: str) -> None:
    wanted = secret("a", {key: "y"})
    found = live(secret("a", {key: "z"}), wanted)
    assert f"data[{key}]" in view(drift([wanted], snapshot(found), SET))
