from __future__ import annotations

from dataclasses import fields, replace

import pytest

from reconciler.model.documents import from_document, to_document
from reconciler.model.objects import Resource
from reconciler.model.values import SecretValue
from tests.world import account, namespace, owner, secret

FULL = secret(
    "a",
    {"k": "v"},
    labels={"a": "b"},
    annotations={"c": "d"},
    finalizers=("example.com/x",),
    owners=(
        owner(account("robot"), "u", controller=True, block_owner_deletion=False),
        owner(namespace("n"), "w"),
    ),
    type="example.com/own",
    immutable=True,
)


@pytest.mark.parametrize(
    "resource",
    [
        FULL,
        secret("empty"),
        namespace("n"),
        account("robot", settings={"secrets": [{"name": "a"}]}),
    ],
    ids=str,
)
def test_a_document_makes_the_resource_again(resource: Resource) -> None:
    again = from_document(resource.key, to_document(resource))
    assert {field.name: getattr(again, field.name) for field in fields(Resource)} == {
        field.name: getattr(resource, field.name) for field in fields(Resource)
    }


def test_what_is_empty_is_left_out() -> None:
    assert to_document(secret("empty")) == {"metadata": {}, "type": "Opaque"}
    assert to_document(namespace("n")) == {"metadata": {}}


def test_absent_flags_of_an_owner_stay_absent_and_false_ones_stay_false() -> None:
    first, second = to_document(FULL)["metadata"]["ownerReferences"]
    assert (first["controller"], first["blockOwnerDeletion"]) == (True, False)
    assert second == {"apiVersion": "v1", "kind": "Namespace", "name": "n", "uid": "w"}


def test_an_annotation_that_was_masked_becomes_text_again() -> None:
    document = to_document(FULL)
    document["metadata"]["annotations"]["c"] = SecretValue("dé".encode())
    assert from_document(FULL.key, document).annotations == {"c": "dé"}


def test_the_document_is_a_copy() -> None:
    document = to_document(FULL)
    document["data"]["k"] = SecretValue(b"w")
    document["metadata"]["labels"]["a"] = "x"
    assert replace(FULL) == FULL
    assert FULL.labels == {"a": "b"}
    assert FULL.data == {"k": SecretValue(b"v")}
