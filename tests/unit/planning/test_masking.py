"""What a plan shows of values: numbers and fingerprints, and never the values."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.objects import Desired
from reconciler.model.plans import Change
from reconciler.model.values import ValueRef
from tests.world import account, change_of, live, planned, secret, snapshot, wrapped

VALUE = "hunter2-hunter2"
ENCODED = base64.b64encode(VALUE.encode()).decode()
NOTE = ("metadata", "annotations", "note")


def noted(text: str, name: str = "note", **data: str) -> Desired:
    return secret("a", data or {"k": VALUE}, annotations={name: text})


def shown(change: Change, path: tuple[str, ...] = NOTE) -> Any:
    (field,) = (field for field in change.fields if field.path == path)
    return field.after


@pytest.mark.parametrize(
    ("text", "is_masked"),
    [
        (VALUE, True),
        (f"it is {VALUE}, shh", True),
        (f'{{"k":"{ENCODED}"}}', True),
        (ENCODED.rstrip("="), True),
        ("harmless", False),
        (VALUE[:-1], False),
        ("", False),
    ],
)
def test_an_annotation_that_repeats_a_value_is_masked(text: str, *, is_masked: bool) -> None:
    change = change_of(noted(text))
    assert isinstance(shown(change), ValueRef) is is_masked
    assert isinstance(change.patch[0].value["metadata"]["annotations"]["note"], ValueRef) is (
        is_masked
    )
    if not is_masked:
        assert shown(change) == text


@pytest.mark.parametrize("group", ["labels", "annotations"])
def test_what_has_the_name_of_a_copy_of_the_whole_object_is_masked(group: str) -> None:
    name = "kubectl.kubernetes.io/last-applied-configuration"
    metadata: dict[str, Any] = {group: {name: "harmless"}}
    change = change_of(secret("a", {"k": VALUE}, **metadata))
    assert isinstance(shown(change, ("metadata", group, name)), ValueRef)


def test_white_space_around_a_value_does_not_hide_it() -> None:
    assert isinstance(shown(change_of(noted(VALUE, k=f"{VALUE}\n"))), ValueRef)


def test_short_values_mask_nothing() -> None:
    assert shown(change_of(noted("yes, true", k="true"))) == "yes, true"


@pytest.mark.parametrize(
    "name",
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "kapp.k14s.io/original-diff",
        "kapp.k14s.io/original-diff-full",
    ],
)
def test_annotations_that_copy_objects_are_masked_whatever_they_hold(name: str) -> None:
    change = change_of(noted("{}", name))
    assert isinstance(shown(change, ("metadata", "annotations", name)), ValueRef)


def test_the_old_value_is_masked_in_what_stays_of_a_replaced_object() -> None:
    old = noted(f"was {VALUE}")
    sealed = replace(old, immutable=True, annotations={})
    found = live(replace(sealed, annotations=old.annotations), sealed)
    wanted = replace(sealed, data=wrapped({"k": "another value"}))
    for change in (
        change_of(wanted, found),
        planned([wanted], snapshot(copies=[found]))[0].changes[0],
    ):
        note = change.patch[0].value["metadata"]["annotations"]["note"]
        assert isinstance(note, ValueRef)


def test_an_annotation_that_held_the_old_value_is_masked_on_both_sides() -> None:
    found = noted(VALUE)
    wanted = noted("clean", k="another value")
    change = change_of(wanted, live(found, found))
    (field,) = (field for field in change.fields if field.path == NOTE)
    assert isinstance(field.before, ValueRef)
    assert field.after == "clean"


def test_equal_values_have_equal_numbers() -> None:
    plan, values = planned(
        [
            secret("a", {"one": "x", "two": "x", "three": "y"}),
            secret("b", {"one": "y"}),
        ]
    )
    numbers = {
        (change.key.name, field.path[1]): field.after.number
        for change in plan.changes
        for field in change.fields
        if isinstance(field.after, ValueRef)
    }
    assert numbers["a", "one"] == numbers["a", "two"] != numbers["a", "three"]
    assert numbers["b", "one"] == numbers["a", "three"]
    assert set(numbers.values()) == {1, 2}
    assert values.numbered[numbers["b", "one"]] == wrapped({"": "y"})[""]


def test_numbers_do_not_tell_the_order_of_a_manifests_keys() -> None:
    def numbers(*keys: str) -> list[Any]:
        plan, _ = planned([secret("a", {key: key for key in keys})])
        return [(field.path, getattr(field.after, "number", 0)) for field in plan.changes[0].fields]

    assert numbers("c", "a", "b") == numbers("a", "b", "c")


def test_a_value_that_does_not_change_is_neither_shown_nor_numbered() -> None:
    before = secret("a", {"same": "s", "other": "x"})
    wanted = secret("a", {"same": "s", "other": "y"})
    plan, values = planned([wanted], snapshot(live(before, before)))
    assert set(values.numbered.values()) == set(wrapped({"1": "x", "2": "y"}).values())
    assert {operation.path for operation in plan.changes[0].patch} == {"/data/other"}


def test_equal_values_under_other_keys_have_other_fingerprints() -> None:
    (change,) = planned([secret("a", {"one": "x", "two": "x"})])[0].changes
    one, two = (field.after for field in change.fields if field.path[0] == "data")
    assert isinstance(one, ValueRef)
    assert isinstance(two, ValueRef)
    assert one.fingerprint != two.fingerprint


@pytest.mark.parametrize("text", ["\0", "\0=", "\x001 f", "\0uid Secret//a", "\0=\0"])
def test_text_that_looks_like_a_mask_is_text(text: str) -> None:
    before, wanted = noted("before"), noted(text)
    change = change_of(wanted, live(before, before))
    assert shown(change) == text
    assert [operation.value for operation in change.patch] == [text]
    assert shown(change_of(wanted)) == text
    robot = account("robot", settings={"secrets": [{"name": text}]})
    assert change_of(robot).patch[0].value["secrets"] == [{"name": text}]


@pytest.mark.parametrize("key", ["labels", "annotations"])
def test_a_key_of_data_may_be_called_as_a_field_of_metadata_is(key: str) -> None:
    change = change_of(secret("a", {key: "a-planted-value"}))
    assert isinstance(shown(change, ("data", key)), ValueRef)
