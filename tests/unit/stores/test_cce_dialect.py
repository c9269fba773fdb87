"""The types that the vendor's pages spell otherwise than a server knows them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.model.objects import Severity
from reconciler.model.opening import StoreChoice
from reconciler.stores import check
from tests.world import secret

URL = "cce://not-a-cluster?region=cn-test-1"
REGISTRY = '{"auths": {}}'


def codes(type_: str, values: Mapping[str, str]) -> list[tuple[str, str, Severity]]:
    found = check(StoreChoice(URL), [secret("a", dict(values), type=type_)])
    return [(one.code, one.field, one.severity) for one in found]


@pytest.mark.parametrize(
    ("spelling", "values"),
    [
        ("opaque", {"a": "b"}),
        ("kubernetes.io/.dockercfg", {".dockercfg": REGISTRY}),
        ("kubernetes.io/.dockerconfigjson", {".dockerconfigjson": REGISTRY}),
    ],
)
def test_a_spelling_of_the_pages_is_told_of(spelling: str, values: Mapping[str, str]) -> None:
    assert codes(spelling, values) == [("cce-type-spelling", "type", Severity.WARNING)]


@pytest.mark.parametrize(
    "known", ["Opaque", "cfe/secure-opaque", "example.com/own", "kubernetes.io/basic-auth"]
)
def test_other_types_are_not(known: str) -> None:
    assert codes(known, {"username": "b"}) == []


def test_the_rules_of_the_known_type_hold() -> None:
    missing = codes("kubernetes.io/.dockerconfigjson", {"a": "b"})
    assert missing[1:] == [
        ("required-key-missing", "data[.dockerconfigjson]", Severity.ERROR),
    ]
    broken = codes("kubernetes.io/.dockercfg", {".dockercfg": "not-a-real-password"})
    assert [code for code, *_ in broken[1:]] == ["dockercfg-invalid"]


def test_what_the_loader_has_told_already_is_not_told_twice() -> None:
    found = codes("opaque", {"not a key": "b"})
    assert [code for code, *_ in found] == ["cce-type-spelling"]
