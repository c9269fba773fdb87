"""Rows after ValidateSecretUpdate and ValidateObjectMetaUpdate of Kubernetes v1.35.4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.objects import Live, ObjectKey, Resource
from reconciler.model.plans import Reason
from reconciler.model.values import SecretValue
from reconciler.rules import replace_reasons, validate_update
from tests.unit.rules.cases import account, namespace, secret

NEW_DATA = {"key": SecretValue(b"new")}


def reasons_of(live: Resource, wanted: Resource) -> tuple[Reason, ...]:
    return replace_reasons(
        live, wanted.type, immutable=wanted.immutable, data_changes=live.data != wanted.data
    )


def update(live: Resource, **changes: Any) -> tuple[list[str], tuple[Reason, ...]]:
    updated = replace(live, **changes)
    violations = validate_update(live, updated)
    return [one.code for one in violations], reasons_of(live, updated)


@pytest.mark.parametrize(
    ("immutable", "changes", "codes", "reasons"),
    [
        (False, {}, [], ()),
        (True, {}, [], ()),
        (False, {"data": NEW_DATA}, [], ()),
        (False, {"data": NEW_DATA, "immutable": True}, [], ()),
        (True, {"labels": {"app": "new"}, "finalizers": ("orphan",)}, [], ()),
        (True, {"data": NEW_DATA}, ["immutable-changed"], (Reason.IMMUTABLE,)),
        (True, {"data": {}}, ["immutable-changed"], (Reason.IMMUTABLE,)),
        (True, {"immutable": False}, ["immutable-unset"], (Reason.UNSEAL,)),
        (
            True,
            {"immutable": False, "data": NEW_DATA},
            ["immutable-unset", "immutable-changed"],
            (Reason.UNSEAL, Reason.IMMUTABLE),
        ),
        (False, {"type": "example.com/x"}, ["type-changed"], (Reason.TYPE,)),
        (
            True,
            {"type": "example.com/x", "immutable": False, "data": NEW_DATA},
            ["type-changed", "immutable-unset", "immutable-changed"],
            (Reason.TYPE, Reason.UNSEAL, Reason.IMMUTABLE),
        ),
        (False, {"labels": {"a b": "c"}}, ["label-key-invalid"], ()),
        (
            False,
            {"type": "kubernetes.io/ssh-auth"},
            ["type-changed", "required-key-missing"],
            (Reason.TYPE,),
        ),
    ],
)
def test_secrets(
    *, immutable: bool, changes: dict[str, Any], codes: list[str], reasons: tuple[Reason, ...]
) -> None:
    assert update(secret(immutable=immutable), **changes) == (codes, reasons)


@pytest.mark.parametrize("made", [account, namespace])
def test_other_kinds_are_never_replaced(made: Callable[[], Resource]) -> None:
    assert update(made(), labels={"a": "b"}) == ([], ())


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (ObjectKey("Secret", "shop", "other"), "metadata.name"),
        (ObjectKey("Secret", "other", "app"), "metadata.namespace"),
        (ObjectKey("ServiceAccount", "shop", "app"), "kind"),
    ],
)
def test_what_identifies_an_object_stays(key: ObjectKey, field: str) -> None:
    live = secret()
    (found,) = validate_update(live, replace(live, key=key))
    assert (found.field, found.code) == (field, "identity-changed")


def test_the_kind_of_mapping_does_not_matter() -> None:
    live = secret(immutable=True)
    same = replace(live, data=MappingProxyType({"key": SecretValue(b"value")}))
    assert validate_update(live, same) == ()
    assert [one.code for one in validate_update(same, replace(live, data=NEW_DATA))] == [
        "immutable-changed"
    ]


def test_what_the_store_adds_does_not_matter() -> None:
    wanted = secret(immutable=True)
    live = Live(
        key=wanted.key,
        type=wanted.type,
        immutable=True,
        data=dict(wanted.data),
        uid="1",
        resource_version="1",
    )
    assert reasons_of(live, wanted) == ()
    assert validate_update(live, wanted) == ()


def test_neither_value_is_told() -> None:
    live = secret({"key": "c4n4ryV4lue"}, immutable=True)
    violations = validate_update(live, replace(live, data={"key": SecretValue(b"0therC4nary")}))
    assert violations
    assert "c4n4ry" not in repr(violations)
    assert "0therC" not in repr(violations)


SECRETS = st.builds(
    secret,
    data=st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), max_size=2),
    type=st.sampled_from(["Opaque", "example.com/x"]),
    immutable=st.booleans(),
    labels=st.dictionaries(st.just("app"), st.sampled_from("xy"), max_size=1),
)


@given(SECRETS, SECRETS)
def test_a_replace_is_asked_for_where_an_update_is_refused(
    live: Resource, target: Resource
) -> None:
    assert bool(reasons_of(live, target)) == bool(validate_update(live, target))


@given(SECRETS)
def test_nothing_stands_in_the_way_of_no_change(live: Resource) -> None:
    assert validate_update(live, live) == ()
    assert reasons_of(live, live) == ()
