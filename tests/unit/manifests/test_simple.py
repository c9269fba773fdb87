"""What the quick reader reads; tests/fuzz/test_simple.py holds that it reads it correctly."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.manifests.decode import decode
from reconciler.manifests.decoded import Accepted, Draft, Rejected, checked
from reconciler.manifests.nodes import Document, Entry, Mapping, Scalar, Sequence
from reconciler.manifests.simple import simple_document
from reconciler.manifests.yaml import Part, documents
from reconciler.model.objects import Desired, ObjectKey, OwnerReference, Source
from reconciler.model.values import SecretValue

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"


def read(text: str) -> Document | None:
    return simple_document(Part(text, 7), "a.yaml", 2)


def plain(node: object) -> object:
    """What `node` is in JSON."""
    if isinstance(node, Mapping):
        assert not node.mixed
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def values(text: str) -> Any:
    document = read(HEAD + text)
    tree: Any = None if document is None else plain(document.root)
    return None if document is None else tree["stringData"]


def test_a_secret_as_most_are_written() -> None:
    text = """---
# What the shop logs in with.

kind: Secret
apiVersion: v1
metadata:
    creationTimestamp: null
    name: login
    namespace: front
    labels:
        app.kubernetes.io/name: shop
    annotations:
        example.com/rotated: "2026-02-01"
    ownerReferences:
    - apiVersion: v1
      kind: ConfigMap
      name: settings
      uid: 7c0d
      controller: true
    finalizers:
      - example.com/a
type: kubernetes.io/basic-auth
immutable: true
data:
  username: c2hvcA==
# Made by hand.
stringData:
  password: not-a-real:password

"""
    document = read(text)
    assert document is not None
    (draft,) = decode(document, "shop")
    assert isinstance(draft, Draft)
    assert checked(draft, ()) == (
        Accepted(
            Desired(
                key=ObjectKey("Secret", "front", "login"),
                labels={"app.kubernetes.io/name": "shop"},
                annotations={"example.com/rotated": "2026-02-01"},
                finalizers=("example.com/a",),
                owners=(OwnerReference("v1", "ConfigMap", "settings", "7c0d", controller=True),),
                type="kubernetes.io/basic-auth",
                immutable=True,
                data={
                    "username": SecretValue(b"shop"),
                    "password": SecretValue(b"not-a-real:password"),
                },
                source=Source("a.yaml", 11, 1, 2),
            )
        )
    )


def test_a_problem_has_its_place() -> None:
    document = read(HEAD + "stringData:\n  a: b\n  c: 1\nfoo: bar\n")
    assert document is not None
    (draft,) = decode(document, "shop")
    assert isinstance(draft, Draft)
    rejected = checked(draft, ())
    assert isinstance(rejected, Rejected)
    assert [(item.code, str(item.source)) for item in rejected.diagnostics] == [
        ("field-unknown", "a.yaml:15:1"),
        ("type-wrong", "a.yaml:14:6"),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a b", "a b"),
        ("a#b", "a#b"),
        ("2026-11-27", "2026-11-27"),
        ("-x", "-x"),
        ("'it''s'", "it's"),
        ('"a\\n\\"b\\""', 'a\n"b"'),
        ('""', ""),
        ("|\n    a\n\n      b", "a\n\n  b\n"),
        ("|-\n    # a\n\n", "# a"),
        ("|\n     a\n     b", "a\nb\n"),
        ("", None),
        ("~", None),
        ("true", True),
        ("1", 1),
        ("0x1f", 31),
        ("1e3", 1000.0),
        ("{}", {}),
        ("[]", []),
        ("ENC[AES256_GCM,data:x]", "ENC[AES256_GCM,data:x]"),
        ("\n  - a\n  - b: c\n    d: e", ["a", {"b": "c", "d": "e"}]),
        ("\n    - a: |-\n        b\n    - 1", [{"a": "b"}, 1]),
    ],
)
def test_values(written: str, value: object) -> None:
    separator = "" if written.startswith("\n") or not written else " "
    assert values(f"stringData:\n  k:{separator}{written}\n") == {"k": value}


@pytest.mark.parametrize(
    "written",
    [
        *("- a", "a: b", "a #b", "a:", "a ", "[a]", "{a: b}", "\n  - - a", "\n  - ", "\n  -"),
        *("&a b", "*a", "!a", "!!str a", ">\n    a", "|+\n    a", "|2\n    a", "a\n    - b"),
        *("|\n    a\n    # b ", "|\n    a\n\n    # b ", "|\n    a\n   \n    b", "ä"),
        *("|\n    a\n      \n", "a\n    b", '"\\u00e9"', '"a" # b', "|\n  a"),
        *("a\n  k: b", "a\n  y: b", "a\n  1: b", "a\n  ? b", "a\n\t", f"a\n  {'x' * 1001}: b"),
    ],
)
def test_the_full_reader_reads_everything_else(written: str) -> None:
    separator = "" if written.startswith("\n") else " "
    assert values(f"stringData:\n  k:{separator}{written}\n") is None


@pytest.mark.parametrize("text", ["", "# a\n", "---\n", "a", "a: b", "...\n", "\ufeffa: b\n"])
def test_what_is_no_map_or_list_of_whole_lines_is_left_to_the_full_reader(text: str) -> None:
    assert read(text) is None


def test_no_depth_is_read_that_the_full_reader_refuses() -> None:
    maps = [Part("".join(f"{' ' * level}a:\n" for level in range(depth)), 0) for depth in (40, 120)]
    lists = [
        Part("".join(f"{'  ' * level}- a:\n{'  ' * level}  b:\n" for level in range(depth)), 0)
        for depth in (20, 60)
    ]
    for shallow, deep in (maps, lists):
        assert simple_document(shallow, "a.yaml", 0) is not None
        assert simple_document(deep, "a.yaml", 0) is None
    (document,) = documents(maps[1], "a.yaml", 0)
    assert document.problem is not None
    assert document.problem.code == "nesting-too-deep"


def test_other_kinds_and_large_documents_are_read() -> None:
    namespace = read("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n")
    assert namespace is not None
    assert read(HEAD + "stringData:\n  k: " + "v" * 300_000 + "\n") is not None
    assert read("- a\n") == Document(
        "a.yaml", 2, 7, "- a\n", Sequence([Scalar("a", 2)], 0), {}, 0, 4
    )
    assert Entry("a", 0, "b").value_place == 3
