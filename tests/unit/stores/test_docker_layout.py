"""Which Docker secrets a Secret is made of, and what a swarm refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.objects import ObjectKey
from reconciler.rules import Violation
from reconciler.stores.docker.annotations import DRIVER, DRIVER_OPTIONS, LAYOUT, NAME, TEMPLATING
from reconciler.stores.docker.layout import MOST_BYTES, Piece, check, pieces, specification
from tests.world import account, namespace, secret

TWO = {"password": "p", "user": "u"}


def made(values: dict[str, Any], home: str = "default", **annotations: str) -> dict[str, bytes]:
    """Names and contents of the Docker secrets."""
    names = {"layout": LAYOUT, "name": NAME}
    chosen = {names[short]: text for short, text in annotations.items()}
    found = pieces(secret("db", values, home=home, annotations=chosen))
    assert [piece.name for piece in found] == sorted(piece.name for piece in found)
    return {piece.name: piece.content.reveal() for piece in found if piece.content}


@pytest.mark.parametrize(
    ("values", "how", "expected"),
    [
        ({"password": "p"}, {}, {"db": b"p"}),
        (TWO, {}, {"db.password": b"p", "db.user": b"u"}),
        ({"password": "p"}, {"home": "shop"}, {"shop_db": b"p"}),
        (TWO, {"home": "shop"}, {"shop_db.password": b"p", "shop_db.user": b"u"}),
        ({"password": "p"}, {"name": "Own_name"}, {"Own_name": b"p"}),
        ({"password": "p"}, {"name": "own-{key}"}, {"own-password": b"p"}),
        (TWO, {"name": "{key}.own"}, {"password.own": b"p", "user.own": b"u"}),
        (TWO, {"layout": "json"}, {"db": b'{"password":"p","user":"u"}'}),
        ({"a": "\u00e9"}, {"layout": "json"}, {"db": '{"a":"\u00e9"}'.encode()}),
        (TWO, {"layout": "env"}, {"db": b"password=p\nuser=u\n"}),
        ({"a": b"\xff\x00"}, {"layout": "raw"}, {"db": b"\xff\x00"}),
        (TWO, {"layout": "env", "name": "other"}, {"other": b"password=p\nuser=u\n"}),
    ],
)
def test_a_secret_is_made_of(values: Any, how: Any, expected: dict[str, bytes]) -> None:
    assert made(values, **how) == expected


def test_a_driver_finds_the_value_by_itself() -> None:
    annotations = {DRIVER: "vault", DRIVER_OPTIONS: '{"path": "db"}', TEMPLATING: "golang"}
    wanted = secret("db", {}, annotations=annotations)
    assert pieces(wanted) == (Piece("db", None, (), None),)
    assert specification(wanted) == {
        "Driver": {"Name": "vault", "Options": {"path": "db"}},
        "Templating": {"Name": "golang", "Options": {}},
    }
    assert list(check(wanted)) == []


def found(values: dict[str, Any], name: str = "db", **more: Any) -> list[Violation]:
    return list(check(secret(name, values, **more)))


@pytest.mark.parametrize(
    ("values", "more", "field", "text"),
    [
        ({}, {}, "data", "cannot be empty"),
        ({"a": ""}, {}, "data[a]", "cannot be empty"),
        ({"a": "x" * (MOST_BYTES + 1)}, {}, "data[a]", "at most 511,999 bytes"),
        ({"a": "x"}, {"name": "n" * 60}, "data[a]", "has 60 characters, and may have 59"),
        ({"a": "x"}, {"annotations": {NAME: "-x"}}, "data[a]", "'-x' is no name"),
        ({"a": "x"}, {"annotations": {NAME: "x y"}}, "data[a]", "'x y' is no name"),
        ({"a_": "x", "b": "x"}, {}, "data[a_]", "'db.a_' is no name"),
        ({"a": "x", "A": "y"}, {}, "data[a]", "only in case"),
        ({"a": "x", "b": "y"}, {"annotations": {NAME: "one"}}, NAME, "would have one name"),
        ({"a": "x"}, {"annotations": {LAYOUT: "yaml"}}, LAYOUT, "no such layout"),
        (TWO, {"annotations": {LAYOUT: "raw"}}, LAYOUT, "single key"),
        ({"a": "1\n2"}, {"annotations": {LAYOUT: "env"}}, "data[a]", "KEY=VALUE"),
        ({"a": b"\xff"}, {"annotations": {LAYOUT: "json"}}, "data[a]", "not UTF-8"),
        (
            TWO,
            {"annotations": {LAYOUT: "json", "reconciler/ignore-keys": "user"}},
            LAYOUT,
            "left to others",
        ),
        ({"a": "x"}, {"annotations": {DRIVER: "vault"}}, "data", "from there"),
        ({}, {"annotations": {DRIVER: "v", DRIVER_OPTIONS: "[]"}}, DRIVER_OPTIONS, "map of texts"),
        ({"a": "x"}, {"annotations": {TEMPLATING: ""}}, TEMPLATING, "is empty"),
        (
            {"a": "x"},
            {"annotations": {"reconciler/docker-layuot": "json"}},
            "reconciler/docker-layuot",
            "means nothing",
        ),
        ({"a": "long-value"}, {"annotations": {"n": "is long-value"}}, "[n]", "repeats a value"),
        ({"a": "long-value"}, {"labels": {"n": "long-value"}}, "labels[n]", "repeats a value"),
        ({"a": "x"}, {"labels": {"reconciler.set": "x"}}, "reconciler.set", "this tool's own"),
    ],
)
def test_a_swarm_refuses(values: Any, more: Any, field: str, text: str) -> None:
    (violation,) = found(values, **more)
    assert field in violation.field
    assert text in violation.message
    assert violation.hint


def test_a_swarm_takes_what_fits() -> None:
    assert found({"a": "x" * MOST_BYTES}) == []
    assert found({"a": "x"}, name="n" * 59) == []
    assert found(TWO) == []


def test_a_name_to_be_generated_has_room() -> None:
    wanted = secret("", {"a": "x"}, generate_name="job-" + "x" * 51)
    (violation,) = check(wanted)
    assert "may have 59" in violation.message


@pytest.mark.parametrize("other", [namespace("shop"), account("robot")])
def test_a_swarm_has_secrets_alone(other: Any) -> None:
    (violation,) = check(other)
    assert violation.field == "kind"


def test_names_of_namespaces_never_meet() -> None:
    keys = [ObjectKey("Secret", "default", "a.b"), ObjectKey("Secret", "a", "b")]
    names = {pieces(secret(key.name, {"k": "v"}, home=key.namespace))[0].name for key in keys}
    assert names == {"a.b", "a_b"}


def test_json_is_the_same_in_whatever_order() -> None:
    one = made({"a": "1", "b": "2"}, layout="json")
    assert one == made({"b": "2", "a": "1"}, layout="json")
    assert json.loads(one["db"]) == {"a": "1", "b": "2"}
