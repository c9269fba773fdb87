from __future__ import annotations

import pytest

from reconciler.model.documents import to_document
from reconciler.model.fields import field_of, flatten, leaf_text, unflatten, with_owner_uids
from reconciler.model.objects import ObjectKey, Resource
from reconciler.model.values import UidOf
from tests.world import account, namespace, owner, secret, wrapped

ROBOT = account("robot")
EVERYTHING = secret(
    "a",
    {"password": "x", "tls.crt": ""},
    labels={"app": "shop", "example.com/a.b": ""},
    annotations={"note": "text"},
    finalizers=("example.com/z", "example.com/a"),
    owners=(owner(ROBOT, "u1", controller=True), owner(namespace("n"), "u2")),
    type="example.com/own",
    immutable=True,
)


@pytest.mark.parametrize(
    "resource",
    [
        EVERYTHING,
        secret("empty"),
        namespace("n"),
        account(
            "robot", settings={"automountServiceAccountToken": False, "secrets": [{"name": "a"}]}
        ),
    ],
    ids=str,
)
def test_flat_fields_make_the_document_again(resource: Resource) -> None:
    assert unflatten(flatten(resource)) == to_document(resource)


def test_every_field_has_its_own_path() -> None:
    assert set(flatten(EVERYTHING)) == {
        ("metadata", "labels", "app"),
        ("metadata", "labels", "example.com/a.b"),
        ("metadata", "annotations", "note"),
        ("metadata", "finalizers", "example.com/z"),
        ("metadata", "finalizers", "example.com/a"),
        ("metadata", "ownerReferences", "ServiceAccount/robot"),
        ("metadata", "ownerReferences", "Namespace/n"),
        ("type",),
        ("immutable",),
        ("data", "password"),
        ("data", "tls.crt"),
    }


def test_lists_keep_their_order() -> None:
    document = unflatten(flatten(EVERYTHING))
    assert document["metadata"]["finalizers"] == ["example.com/z", "example.com/a"]


def test_what_is_no_secret_has_no_type() -> None:
    assert flatten(namespace("n")) == {}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("data", "a"), ("data", "a")),
        (("metadata", "labels", "a"), ("metadata", "labels", "a")),
        (
            ("metadata", "ownerReferences", "Secret/a", "controller"),
            ("metadata", "ownerReferences", "Secret/a"),
        ),
        (("secrets", "0", "name"), ("secrets",)),
        (("type",), ("type",)),
    ],
)
def test_a_path_into_a_field_leads_to_the_field(
    path: tuple[str, ...], field: tuple[str, ...]
) -> None:
    assert field_of(path) == field


def test_an_owners_uid_is_no_part_of_its_fingerprint() -> None:
    path = ("metadata", "ownerReferences", "ServiceAccount/robot")
    texts = {
        leaf_text(flatten(secret("a", owners=(owner(ROBOT, uid),)))[path]) for uid in ("1", "2")
    }
    assert len(texts) == 1
    controlled = flatten(secret("a", owners=(owner(ROBOT, "1", controller=True),)))[path]
    assert leaf_text(controlled) not in texts
    assert leaf_text(wrapped({"k": "v"})["k"]) == wrapped({"k": "v"})["k"]


def test_owners_are_given_the_uids_that_are_known() -> None:
    fields = flatten(
        secret("a", owners=(owner(ROBOT, "old"), owner(namespace("n")), owner(secret("b"), "own")))
    )
    unborn = UidOf("Namespace", "", "n")
    uids: dict[ObjectKey, str | UidOf] = {ROBOT.key: "new", ObjectKey("Namespace", "", "n"): unborn}
    with_owner_uids(fields, uids, "default")
    assert [leaf["uid"] for path, leaf in fields.items() if path[1:2] == ("ownerReferences",)] == [
        "new",
        unborn,
        "own",
    ]


def test_as_many_names_as_there_may_be_are_told_apart() -> None:
    many = {f"name-{number}": "x" for number in range(10_000)}
    for again in (many, dict(reversed(many.items()))):
        fields = flatten(secret("a", again, labels=again, annotations=again))
        assert fields.keys() == {
            *(("data", name) for name in many),
            *(("metadata", group, name) for group in ("labels", "annotations") for name in many),
            ("type",),
        }
