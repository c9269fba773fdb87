"""Names that end in kustomize's hash, as kustomize v5.8.2 makes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.objects import Desired
from reconciler.model.values import AbsentValue, SealedValue, UnreadValue
from reconciler.rules import hashed_base
from tests.world import secret

BASIC = "kubernetes.io/basic-auth"
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ"

MADE_BY_KUSTOMIZE = [
    ("pre-db-suf-c9hkf5f84k", {"password": "abcdefgh2"}, {}),
    ("fixed-ftgtgc4t9f", {"k": "v"}, {"immutable": True}),
    ("typed-gfbh87f95h", {"username": "u", "password": "p"}, {"type": BASIC}),
    ("nil-46f8b28mk5", {}, {}),
    ("binary-5765dm956f", {"long": LETTERS, "empty": "", "raw": b"\xff\x00"}, {}),
    # What generators of others make, which kustomize hashes as it is written.
    ("compact-t648b85cbm", {"k": LETTERS}, {}),
    ("typeless-6g4f655459", {"k": "v"}, {}),
    ("none-2bg6t6bf6t", {}, {}),
    ("nothing-875545gk2h", {}, {}),
    ("texts-9k546gtf5h", {"k": 'a<b>&\u2028 ü " \\ \t', "l": "two\nlines\n"}, {}),
]


def base(item: Desired) -> str:
    return hashed_base(item, item.data)


@pytest.mark.parametrize(("name", "values", "content"), MADE_BY_KUSTOMIZE)
def test_what_kustomize_names_is_recognised(
    name: str, values: dict[str, bytes | str], content: dict[str, Any]
) -> None:
    item = secret(name, values, **content)
    assert base(item) == name.rpartition("-")[0]
    assert base(replace(item, data={**item.data, "more": secret("x", {"k": "v"}).data["k"]})) == ""
    assert base(replace(item, type="example.com/own")) == ""


@pytest.mark.parametrize(
    "name",
    [
        "db-c9hkf5f84m",  # a hash of something else
        "db-c9hkf5f84",
        "db-c9hkf5f84kk",
        "dbc9hkf5f84k",
        "-c9hkf5f84k",
        "c9hkf5f84k",
        "db-C9HKF5F84K",
        "db-a9hkf5f84k",
        "db.c9hkf5f84k",
    ],
)
def test_a_name_that_only_looks_like_it_is_not(name: str) -> None:
    assert base(secret(name, {"password": "abcdefgh2"})) == ""


@pytest.mark.parametrize("value", [UnreadValue("f" * 32), SealedValue("digest")])
def test_a_value_that_is_not_here_is_not_guessed(value: AbsentValue) -> None:
    item = replace(secret("db-c9hkf5f84k"), data={"password": value})
    assert base(item) == ""


def test_a_hash_of_data_and_texts_together_is_not_recognised() -> None:
    # Which key stood where is lost once they are merged, and not guessed.
    assert base(secret("mixed-7c7m7gm286", {"k": "v", "l": "w"})) == ""
