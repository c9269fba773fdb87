"""Two environments: which objects belong together, and what of them differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.difference import DiffState, ObjectDiff
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Desired
from reconciler.model.values import Nature, SealedValue
from reconciler.planning.between import objects_between
from tests.world import secret

FINGERPRINTER = Fingerprinter(bytes(32))
HASHED = secret("pre-db-suf-c9hkf5f84k", {"password": "abcdefgh2"})


def between(before: list[Desired], after: list[Desired]) -> tuple[ObjectDiff, ...]:
    return objects_between(before, after, FINGERPRINTER)


def sealed(digest: str) -> Desired:
    item = secret("db", {"password": "x"})
    return replace(item, data={"password": SealedValue(digest)}, sealed=True)


def test_a_hash_of_kustomize_is_no_part_of_the_name() -> None:
    plain = secret("pre-db-suf", {"password": "other"})
    (item,) = between([plain], [HASHED])
    assert (item.key.name, item.state) == ("pre-db-suf", DiffState.CHANGED)
    assert [field.path for field in item.fields] == [("data", "password")]


def test_a_name_that_is_taken_keeps_its_hash() -> None:
    plain = secret("pre-db-suf", {"password": "abcdefgh2"})
    items = between([plain, HASHED], [plain, HASHED])
    assert [item.key.name for item in items] == [plain.name, HASHED.name]
    assert {item.state for item in items} == {DiffState.EQUAL}


def test_generated_names_are_matched_by_their_prefix() -> None:
    items = [
        replace(each, key=each.key._replace(name=""), generate_name="job-")
        for each in (secret("x", {"k": "same"}), secret("x", {"k": "other"}))
    ]
    (item,) = between(items[:1], items[1:])
    assert (item.key.name, item.state) == ("job-*", DiffState.CHANGED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (sealed("one"), sealed("two")),
        (sealed("one"), secret("db", {"password": "x"})),
        (secret("db", {"password": "x"}), sealed("two")),
    ],
)
def test_nothing_tells_whether_sealed_values_differ(before: Desired, after: Desired) -> None:
    (item,) = between([before], [after])
    assert item.state is DiffState.CHANGED
    assert [field.nature for field in item.fields] == [Nature.UNKNOWN]
    assert item.equal_keys == ()


def test_the_same_ciphertext_is_the_same_value() -> None:
    (item,) = between([sealed("one")], [sealed("one")])
    assert (item.state, item.equal_keys) == (DiffState.EQUAL, ("password",))


def test_type_and_immutable_count() -> None:
    item = secret("db", {"k": "v"})
    (shown,) = between([item], [replace(item, type="example.com/own", immutable=True)])
    assert [field.path for field in shown.fields] == [("immutable",), ("type",)]
