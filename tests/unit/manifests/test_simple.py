from __future__ import annotations

import pytest

from reconciler.manifests.simple import simple_secret
from reconciler.manifests.yaml import Part
from reconciler.model.objects import Desired, ObjectKey, Source
from reconciler.model.values import SecretValue

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"


def read(text: str) -> Desired | None:
    return simple_secret(Part(text, 7), "a.yaml", 2, "shop")


def values(text: str) -> dict[str, bytes] | None:
    found = read(HEAD + text)
    return None if found is None else {key: one.reveal() for key, one in found.data.items()}


def test_a_secret_as_most_are_written() -> None:
    text = """---
# What the shop logs in with.

kind: Secret
apiVersion: v1
metadata:
    name: login
    namespace: front
    labels:
        app.kubernetes.io/name: shop
    annotations:
        example.com/rotated: "2026-02-01"  """
    text = (
        text.rstrip()
        + """
type: kubernetes.io/basic-auth
immutable: true
data:
  username: c2hvcA==
# Made by hand.
stringData:
  password: not-a-real:password

"""
    )
    assert read(text) == Desired(
        key=ObjectKey("Secret", "front", "login"),
        labels={"app.kubernetes.io/name": "shop"},
        annotations={"example.com/rotated": "2026-02-01"},
        type="kubernetes.io/basic-auth",
        immutable=True,
        data={"username": SecretValue(b"shop"), "password": SecretValue(b"not-a-real:password")},
        source=Source("a.yaml", 11, 1, 2),
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a b", b"a b"),
        ("a#b", b"a#b"),
        ("2026-11-27", b"2026-11-27"),
        ("-x", b"-x"),
        ("'it''s'", b"it's"),
        ('"a\\n\\"b\\""', b'a\n"b"'),
        ('""', b""),
        ("|\n    a\n\n      b", b"a\n\n  b\n"),
        ("|-\n    # a\n\n", b"# a"),
    ],
)
def test_texts(written: str, value: bytes) -> None:
    assert values(f"stringData:\n  k: {written}\n") == {"k": value}


@pytest.mark.parametrize(
    "written",
    [
        *("", "~", "true", "1", "0x1f", "1e3", "- a", "a: b", "a #b", "a:", "a ", "[a]", "{a: b}"),
        *("&a b", "*a", "!a", "!!str a", ">\n    a", "|+\n    a", "|2\n    a", "|\n     a"),
        *(
            "|\n    a\n    # b ",
            "|\n    a\n\n    # b ",
            "|\n    a\n   \n    b",
            "|\n    a\n      \n",
            "a\n    b",
            "ä",
            '"\\u00e9"',
            '"a" # b',
        ),
        *("a\n  k: b", "a\n  y: b", "a\n  1: b", "a\n  ? b", "a\n\t", "ENC[AES256_GCM,data:x]"),
    ],
)
def test_whatever_else_there_is_takes_the_other_way(written: str) -> None:
    assert values(f"stringData:\n  k: {written}\n") is None


@pytest.mark.parametrize(
    "text",
    [
        "data:\n  k: not-base64\n",
        "data:\n  k: YQ==\nstringData:\n  k: b\n",
        "data:\n  k:\n    l: YQ==\n",
        "immutable: yes\n",
        "type: true\n",
        "sops: {}\n",
        "  finalizers:\n  - a.b/c\n",
        "  labels: a\n",
        "data:\n",
        "stringData:\n  k: v",
        "...\n",
    ],
)
def test_objects_of_which_something_is_to_be_said_take_the_other_way(text: str) -> None:
    assert values(text) is None


def test_other_kinds_take_the_other_way() -> None:
    assert read("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n") is None
    assert read("") is None
    assert read(HEAD + "stringData:\n  k: " + "v" * 300_000 + "\n") is None
