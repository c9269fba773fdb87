"""Encrypted documents are opened in the tree that has their places, and their MAC decides."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler import inputs
from reconciler.manifests import Loaded, objects_of, plain_document
from reconciler.manifests.sops.shamir import combined
from reconciler.model.sops import Sops
from tests.sealing import DATA_KEY, Holder, as_json, as_yaml, sealed

Loader = Callable[[str], Loaded]


def secret(name: str = "a", **string_data: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": string_data or {"password": "canary-1"},
    }


def in_data(path: Sequence[str]) -> bool:
    return any(key in {"data", "stringData"} for key in path)


REGEX = {"encrypted_regex": "^(data|stringData)$"}


@pytest.fixture
def holder() -> Holder:
    return Holder()


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: Holder) -> Loader:
    monkeypatch.chdir(tmp_path)

    def loaded(text: str, file: str = "f.yaml") -> Loaded:
        Path(file).write_text(text, encoding="utf-8")
        return read(file, holder)

    return loaded


def read(file: str, sops: Sops | None) -> Loaded:
    reading = inputs.read([file], inputs.Reading(parse=plain_document))
    return objects_of(reading, namespace="default", moment=datetime.now(UTC), sops=sops)


def values(loaded: Loaded) -> dict[str, dict[str, bytes]]:
    assert loaded.diagnostics == ()
    return {
        item.name: {key: value.reveal() for key, value in item.data.items()}
        for item in loaded.objects
    }


def codes(loaded: Loaded) -> list[str]:
    assert loaded.objects == ()
    return [item.code for item in loaded.diagnostics]


def test_the_values_are_those_of_the_plain_file(loader: Loader) -> None:
    text = as_yaml(sealed([secret(password="canary-1", empty="")], in_data, **REGEX))
    assert "canary-1" not in text
    assert values(loader(text)) == {"a": {"password": b"canary-1", "empty": b""}}


def test_a_whole_file_that_is_encrypted(loader: Loader) -> None:
    assert values(loader(as_yaml(sealed([secret()])))) == {"a": {"password": b"canary-1"}}


def test_json(loader: Loader) -> None:
    text = as_json(sealed([secret()], in_data, **REGEX)[0])
    assert values(loader(text)) == {"a": {"password": b"canary-1"}}


def test_documents_of_one_file_have_one_mac(loader: Loader) -> None:
    text = as_yaml(sealed([secret("a"), secret("b", password="canary-2")], in_data, **REGEX))
    assert values(loader(text)) == {"a": {"password": b"canary-1"}, "b": {"password": b"canary-2"}}


def test_files_and_plain_documents_in_one_stream(loader: Loader) -> None:
    streams = [
        sealed([secret("a")], in_data, **REGEX),
        [secret("plain", password="canary-3")],
        sealed([secret("b")]),
        sealed([secret("c")]),
    ]
    text = "---\n".join(map(as_yaml, streams))
    assert [*values(loader(text))] == ["a", "plain", "b", "c"]


def test_a_list(loader: Loader) -> None:
    document = {"apiVersion": "v1", "kind": "List", "items": [secret("a"), secret("b")]}
    assert [*values(loader(as_yaml(sealed([document], in_data, **REGEX))))] == ["a", "b"]


@pytest.mark.parametrize(
    ("record", "encrypts"),
    [
        ({"encrypted_suffix": "Data"}, lambda path: any(key.endswith("Data") for key in path)),
        (
            {"unencrypted_suffix": "name"},
            lambda path: not any(key.endswith("name") for key in path),
        ),
        (
            {"unencrypted_regex": "^(apiVersion|kind|metadata)$"},
            lambda path: path[0] == "stringData",
        ),
        ({}, lambda path: not any(key.endswith("_unencrypted") for key in path)),
    ],
)
def test_rules_for_what_is_encrypted(
    loader: Loader, record: dict[str, str], encrypts: Callable[[Sequence[str]], bool]
) -> None:
    text = as_yaml(sealed([secret(token="canary-1", x_unencrypted="plain")], encrypts, **record))
    assert values(loader(text)) == {"a": {"token": b"canary-1", "x_unencrypted": b"plain"}}


def test_typed_values_stay_what_they_are(loader: Loader) -> None:
    document = {**secret(), "immutable": True}
    loaded = loader(as_yaml(sealed([document])))
    assert loaded.diagnostics == ()
    assert loaded.objects[0].immutable is True
    number = loader(as_yaml(sealed([secret(port=5432)])))
    assert codes(number) == ["type-wrong"]
    assert number.diagnostics[0].field == "stringData[port]"


def test_places_are_those_of_the_encrypted_file(loader: Loader) -> None:
    text = as_yaml(sealed([secret(**{"bad key": "canary-1"})], in_data, **REGEX))
    (error,) = loader(text).diagnostics
    line = next(
        number for number, line in enumerate(text.splitlines(), 1) if line.startswith("  bad key:")
    )
    assert (error.code, error.source.line) == ("data-key-invalid", line)


@pytest.mark.parametrize(
    "change",
    [
        ("name: a", "name: b"),
        ("lastmodified: '2026", "lastmodified: '2025"),
        ("type:str", "type:int"),
        ("password:", "passwore:"),
        ("kind: Secret", "kind: Namespace"),
    ],
)
def test_an_altered_file_is_left_to_the_program(
    loader: Loader, holder: Holder, change: tuple[str, str]
) -> None:
    text = as_yaml(sealed([secret()], in_data, **REGEX))
    assert change[0] in text
    assert codes(loader(text.replace(*change, 1))) == ["sops-tampered"]
    assert holder.asked == ["yaml"]


def test_a_value_put_in_by_hand(loader: Loader, holder: Holder) -> None:
    (document,) = sealed([secret()], in_data, **REGEX)
    document["stringData"]["extra"] = "canary-added"
    loaded = loader(as_yaml([document]))
    assert codes(loaded) == ["sops-tampered"]
    assert "canary-added" not in repr(loaded)
    assert holder.asked == ["yaml"]


def test_what_the_program_makes_of_it_must_be_as_many_documents(
    loader: Loader, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = as_yaml(sealed([secret()], in_data, **REGEX)).replace("name: a", "name: b")
    monkeypatch.setattr(holder, "decrypt", lambda *_: "a: 1\n---\nb: 2\n")
    assert codes(loader(text)) == ["sops-failed"]


def test_what_only_the_program_can_read_keeps_the_places_of_its_source(
    loader: Loader, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = as_yaml(sealed([secret(**{"bad key": "canary-1"})], in_data, **REGEX))
    plain = as_yaml([secret(**{"bad key": "canary-1"})])
    monkeypatch.setattr(holder, "decrypt", lambda *_: plain)
    (error,) = loader(text.replace("name: a", "name: b")).diagnostics
    line = text[: text.index("bad key")].count("\n") + 1
    assert (error.code, error.source.line) == ("data-key-invalid", line)


def test_one_error_for_a_file_that_cannot_be_opened(loader: Loader, holder: Holder) -> None:
    holder.shares.clear()
    text = as_yaml(sealed([secret("a"), secret("b")], in_data, **REGEX))
    assert codes(loader(text)) == ["sops-no-key"]


def test_groups_of_keys_of_which_some_suffice(loader: Loader, holder: Holder) -> None:
    holder.shares = dict(zip("ABC", shares_of(DATA_KEY, 3, 2), strict=True))
    groups = [{"age": [{"recipient": name, "enc": "wrapped"}]} for name in "ABC"]
    text = as_yaml(sealed([secret()], in_data, key_groups=groups, shamir_threshold=2, **REGEX))
    assert values(loader(text)) == {"a": {"password": b"canary-1"}}
    del holder.shares["B"]
    assert values(loader(text)) == {"a": {"password": b"canary-1"}}
    del holder.shares["C"]
    assert codes(loader(text)) == ["sops-no-key"]


def shares_of(data_key: bytes, count: int, threshold: int) -> list[bytes]:
    """Points of random polynomials, one for each byte, at x from 1 on."""
    draw = random.Random("shares")  # noqa: S311 - to be the same again
    polynomials = [[byte, *draw.choices(range(256), k=threshold - 1)] for byte in data_key]
    return [
        bytes(_value(polynomial, x) for polynomial in polynomials) + bytes([x])
        for x in range(1, count + 1)
    ]


def _value(polynomial: Sequence[int], x: int) -> int:
    value = 0
    for coefficient in reversed(polynomial):
        value = _times(value, x) ^ coefficient
    return value


def _times(a: int, b: int) -> int:
    """In GF(2⁸), bit by bit."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


@pytest.mark.parametrize("shares", [[], [b"ab"], [b"aa", b"ba"], [b"ab", b"abc"], [b"", b"ab"]])
def test_what_are_no_shares_of_one_key(shares: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        combined(shares)


def test_a_document_that_nobody_opens_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f.yaml").write_text(as_yaml(sealed([secret()], in_data, **REGEX)))
    assert codes(read("f.yaml", None)) == ["sops-encrypted"]


def test_the_record_says_nothing_of_a_value(loader: Loader) -> None:
    text = as_yaml(sealed([secret(password="canary-1\n")], in_data, **REGEX))
    loaded = loader(text)
    assert "canary" not in repr(loaded)
    assert base64.b64encode(b"canary-1").decode() not in repr(loaded)
    assert yaml.safe_load(text)["sops"]["encrypted_regex"]
