"""Patches between any two objects, as plans hold them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.documents import to_document
from reconciler.model.fields import flatten
from reconciler.model.objects import Resource
from reconciler.model.patches import Operation, patched
from reconciler.planning.diff import changed_paths
from reconciler.planning.patching import addition, difference
from tests.world import account, owner, secret

NAMES = st.sampled_from(["a", "a/b", "~", "~1", "0", "é"])
TEXTS = st.sampled_from(["", "x", "y"])
SECRETS = st.builds(
    secret,
    st.just("s"),
    st.dictionaries(NAMES, TEXTS, max_size=3),
    type=st.sampled_from(["Opaque", "example.com/x"]),
    immutable=st.booleans(),
)
ACCOUNTS = st.builds(
    account,
    st.just("s"),
    settings=st.dictionaries(
        st.sampled_from(["secrets", "imagePullSecrets"]),
        st.lists(st.builds(lambda name: {"name": name}, NAMES), min_size=1, max_size=2),
    ),
)
OWNERS = [owner(account(name), uid) for name, uid in (("a", "1"), ("b", "2"), ("a", "3"))]


@st.composite
def objects(draw: st.DrawFn, kinds: st.SearchStrategy[Resource]) -> Resource:
    owners = draw(st.lists(st.sampled_from(OWNERS), unique=True))
    return replace(
        draw(kinds),
        labels=draw(st.dictionaries(NAMES, TEXTS, max_size=3)),
        annotations=draw(st.dictionaries(NAMES, TEXTS, max_size=3)),
        finalizers=tuple(draw(st.lists(NAMES, unique=True, max_size=3))),
        owners=tuple(owners),
    )


def between(before: Resource, after: Resource) -> tuple[Operation, ...]:
    live, target = flatten(before), flatten(after)
    return difference(live, target, changed_paths(live, target), target)


def plain(resource: Resource) -> Any:
    """The document, its lists sorted: they are sets, whose order alone is no difference."""
    document = to_document(resource)
    for name in ("finalizers", "ownerReferences"):
        if name in document["metadata"]:
            document["metadata"][name].sort(key=repr)
    return document


@given(
    st.tuples(objects(SECRETS), objects(SECRETS)) | st.tuples(objects(ACCOUNTS), objects(ACCOUNTS))
)
def test_a_difference_leads_from_any_object_to_any(pair: tuple[Resource, Resource]) -> None:
    before, after = pair
    result = patched(to_document(before), between(before, after))
    for name in ("finalizers", "ownerReferences"):
        if name in result["metadata"]:
            result["metadata"][name].sort(key=repr)
    assert result == plain(after)
    assert between(before, before) == ()


@given(objects(SECRETS), objects(SECRETS))
def test_a_difference_has_one_order_whatever_the_manifests(
    before: Resource, after: Resource
) -> None:
    def reordered(resource: Resource) -> Resource:
        maps: dict[str, Any] = {
            name: dict(reversed(getattr(resource, name).items()))
            for name in ("labels", "annotations", "data")
        }
        return replace(resource, **maps)

    found = between(before, after)
    again = between(reordered(before), reordered(after))
    assert json.dumps(found, default=repr) == json.dumps(again, default=repr)
    assert [one.path for one in found] == [one.path for one in again]


def test_maps_come_and_go_as_a_whole_and_entries_by_themselves() -> None:
    before = secret("s", {"c": "1", "a": "1", "b": "1"}, labels={"x/y": "1"})
    after = secret("s", {"a": "2", "d": "1", "b": "1"}, annotations={"z~": "2", "k": "1"})
    assert between(before, after) == (
        Operation("replace", "/data/a", after.data["a"]),
        Operation("remove", "/data/c"),
        Operation("add", "/data/d", after.data["d"]),
        Operation("add", "/metadata/annotations", {"k": "1", "z~": "2"}),
        Operation("remove", "/metadata/labels"),
    )
    assert [*between(before, after)[3].value] == ["k", "z~"]


def test_lists_are_replaced_whole() -> None:
    before = secret("s", finalizers=("b", "a", "c"))
    after = secret("s", finalizers=("b", "d", "a"))
    assert between(before, after) == (
        Operation("replace", "/metadata/finalizers", ["b", "d", "a"]),
    )
    assert between(after, secret("s")) == (Operation("remove", "/metadata/finalizers"),)
    assert between(secret("s"), after) == (
        Operation("add", "/metadata/finalizers", ["b", "d", "a"]),
    )


@given(objects(SECRETS) | objects(ACCOUNTS))
def test_an_addition_is_the_whole_document(resource: Resource) -> None:
    assert addition(flatten(resource)) == (Operation("add", "", to_document(resource)),)
