"""What was promised of an object, and what a store made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.fields import flatten
from reconciler.model.objects import SECRET, Live, ObjectKey, Resource
from reconciler.model.store import Capability
from reconciler.planning.promises import (
    deviations,
    is_to_the_letter,
    shown_warnings,
)
from tests.world import account, live, owner, planned, secret, snapshot, wrapped

ALL = frozenset(Capability)
A = secret(
    "a",
    {"password": "hunter22", "user": "me"},
    labels={"app": "shop"},
    annotations={"note": "x"},
    finalizers=("example.com/hold",),
)


def told(promised: Resource, answer: Live, capabilities: Any = ALL) -> list[str]:
    return [str(one) for one in deviations(flatten(promised), answer, capabilities)]


def test_what_is_as_promised_says_nothing() -> None:
    assert told(A, live(A, A)) == []
    assert (
        told(
            account("robot", settings={"secrets": [{"name": "a"}]}),
            live(account("robot", settings={"secrets": [{"name": "a"}]}), None),
        )
        == []
    )


def test_an_owner_with_another_uid_is_another_owner() -> None:
    owned = replace(A, owners=(owner(account("robot"), "one"),))
    said = told(owned, live(replace(owned, owners=(owner(account("robot"), "two"),)), None))
    assert said == [
        DROPPED.format("metadata.ownerReferences[ServiceAccount/robot/one]"),
        ADDED.format("metadata.ownerReferences[ServiceAccount/robot/two]"),
    ]


CHANGED = "the store changed {} to another value than the one it was sent"
DROPPED = "the store dropped {}, which it was sent"
ADDED = "the store added {}, which it was not sent"


@pytest.mark.parametrize(
    ("content", "sentence", "field"),
    [
        ({"type": "example.com/other"}, CHANGED, "type"),
        ({"immutable": True}, ADDED, "immutable"),
        ({"data": wrapped({"password": "another", "user": "me"})}, CHANGED, "data[password]"),
        ({"data": wrapped({"password": "hunter22"})}, DROPPED, "data[user]"),
        ({"data": {**A.data, **wrapped({"more": "m"})}}, ADDED, "data[more]"),
        ({"labels": {}}, DROPPED, "metadata.labels[app]"),
        ({"labels": {"app": "bank"}}, CHANGED, "metadata.labels[app]"),
        ({"labels": {"app": "shop", "b": ""}}, ADDED, "metadata.labels[b]"),
        ({"annotations": {"note": "y"}}, CHANGED, "metadata.annotations[note]"),
        ({"finalizers": ()}, DROPPED, "metadata.finalizers[example.com/hold]"),
    ],
)
def test_a_difference_names_its_field(content: Any, sentence: str, field: str) -> None:
    assert told(A, live(replace(A, **content), A)) == [sentence.format(field)]


def test_what_was_promised_comes_before_what_was_added() -> None:
    answer = live(replace(A, labels={"app": "bank"}, data=wrapped({"aa": "1"})), A)
    verbs = [text.split()[2] for text in told(A, answer)]
    assert verbs == ["dropped", "dropped", "changed", "added"]


@pytest.mark.parametrize(
    ("lacking", "told_of"),
    [
        ({Capability.READ_VALUES}, {"metadata.labels[app]", "type"}),
        ({Capability.METADATA}, {"data[user]", "type"}),
        ({Capability.METADATA, Capability.READ_VALUES}, {"type"}),
    ],
)
def test_what_a_store_cannot_read_is_not_compared(lacking: Any, told_of: set[str]) -> None:
    answer = live(
        replace(A, labels={}, data=wrapped({"password": "hunter22"}), type="example.com/x"), A
    )
    texts = told(A, answer, ALL - lacking)
    assert len(texts) == len(told_of)
    assert all(any(name in text for text in texts) for name in told_of)


def test_an_update_promises_that_the_rest_stays() -> None:
    before = live(replace(A, data={**A.data, **wrapped({"theirs": "t"})}), A)
    wanted = replace(A, data=wrapped({"password": "new"}), labels={})
    plan, values = planned([wanted], snapshot(before))
    (change,) = plan.changes
    promise = values.targets[change.key]
    done = replace(
        before, data=wrapped({"password": "new", "theirs": "t"}), labels={}, resource_version="8"
    )
    assert deviations(promise, done, ALL) == ()
    assert [one.path for one in deviations(promise, before, ALL)] == [
        ("data", "password"),
        ("data", "user"),
        ("metadata", "labels", "app"),
    ]
    meddled = replace(done, data=wrapped({"password": "new"}))
    assert [one.path for one in deviations(promise, meddled, ALL)] == [("data", "theirs")]


def test_no_sentence_holds_a_value() -> None:
    answer = live(replace(A, data=wrapped({"password": "leaked-value"}), annotations={}), A)
    text = repr(told(A, answer)) + repr(deviations(flatten(A), answer, ALL))
    assert "leaked-value" not in text
    assert "hunter22" not in text


def test_a_warning_that_repeats_a_value_is_withheld() -> None:
    promise = flatten(A)
    warnings = ["all is well", "what is hunter22 for", "aHVudGVyMjI= is odd"]
    shown = list(shown_warnings(warnings, promise))
    assert shown[0] == "all is well"
    assert len(shown) == 3
    assert not any("hunter22" in text or "aHVudGVyMjI" in text for text in shown)


def test_a_resource_without_a_name_may_be_promised() -> None:
    made = Resource(key=ObjectKey(SECRET, "shop", ""), generate_name="x-", type="Opaque")
    answer = live(replace(made, key=made.key._replace(name="x-1")), None)
    assert told(made, answer) == []


def test_what_is_made_to_the_letter_needs_no_other_look() -> None:
    wanted = secret("a", {"k": "v"}, labels={"l": "1"})
    answer = live(wanted, wanted)
    assert is_to_the_letter(wanted, answer)
    assert not is_to_the_letter(wanted, replace(answer, warnings=("hm",)))
    changes: list[dict[str, Any]] = [
        {"data": {}},
        {"labels": {"l": "2"}},
        {"annotations": {"more": "x"}},
        {"finalizers": ("x/y",)},
        {"type": "other"},
        {"immutable": True},
    ]
    for content in changes:
        assert not is_to_the_letter(wanted, replace(answer, **content)), content
