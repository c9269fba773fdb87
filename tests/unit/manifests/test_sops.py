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
from reconciler.model.values import SealedValue, SecretValue
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


def test_one_error_for_a_file_that_cannot_be_opened(loader: Loader) -> None:
    text = as_yaml(sealed([secret("a"), secret("b")], in_data, **REGEX))
    assert codes(loader(text.replace("password:", "passwore:", 1))) == ["sops-tampered"]


def kinds_of_values(loaded: Loaded) -> dict[str, dict[str, type]]:
    assert loaded.errors == ()
    return {
        item.name: {key: type(value) for key, value in item.data.items()} for item in loaded.objects
    }


def test_without_a_key_values_are_sealed_and_counted(loader: Loader, holder: Holder) -> None:
    holder.shares.clear()
    documents = [secret("a", password="canary-1", user="canary-2", empty=""), secret("b")]
    loaded = loader(as_yaml(sealed(documents, in_data, **REGEX)))
    assert kinds_of_values(loaded) == {
        "a": {"password": SealedValue, "user": SealedValue, "empty": SecretValue},
        "b": {"password": SealedValue},
    }
    (notice,) = loaded.notices
    assert notice.message == (
        "3 values in 1 file could not be seen, so they were not checked: no key"
    )


def test_a_file_that_nobody_verified_is_marked(loader: Loader, holder: Holder) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    text = as_yaml(sealed([account, secret()], in_data, **REGEX))
    assert [item.sealed for item in loader(text).objects] == [False, False]
    holder.shares.clear()
    assert [item.sealed for item in loader(text).objects] == [True, True]
    (notice,) = loader(as_yaml(sealed([account], in_data, **REGEX))).notices
    assert notice.code == "values-sealed"


def test_without_a_key_the_rest_is_checked(loader: Loader, holder: Holder) -> None:
    holder.shares.clear()
    documents = [
        secret("a", **{"bad key": "canary-1"}),
        {**secret("b"), "type": "kubernetes.io/tls"},
        {**secret("c"), "imutable": True},
    ]
    text = as_yaml(sealed(documents, in_data, **REGEX))
    assert {item.code for item in loader(text).errors} == {
        "data-key-invalid",
        "required-key-missing",
        "field-unknown",
    }


@pytest.mark.parametrize(
    ("type_", "keys"),
    [
        ("kubernetes.io/dockerconfigjson", [".dockerconfigjson"]),
        ("kubernetes.io/tls", ["tls.crt", "tls.key"]),
        ("kubernetes.io/ssh-auth", ["ssh-privatekey"]),
    ],
)
def test_no_rule_of_a_type_needs_a_sealed_value(
    loader: Loader, holder: Holder, type_: str, keys: list[str]
) -> None:
    holder.shares.clear()
    document = {**secret("a", **dict.fromkeys(keys, "canary-1")), "type": type_}
    assert loader(as_yaml(sealed([document], in_data, **REGEX))).diagnostics == ()


def test_without_a_key_nothing_of_a_whole_file_can_be_checked(
    loader: Loader, holder: Holder
) -> None:
    holder.shares.clear()
    (error,) = loader(as_yaml(sealed([secret()]))).errors
    assert error.code == "sops-no-key"
    assert error.message == (
        "no key; not only its values are encrypted, so nothing of it can be checked: "
        "apiVersion, kind, metadata.name"
    )
    assert "encrypted_regex" in error.hint


def test_without_a_key_only_managed_objects_must_be_readable(
    loader: Loader, holder: Holder
) -> None:
    holder.shares.clear()
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"a": "canary"}}
    items = {"apiVersion": "v1", "kind": "List", "items": [secret("a"), pod]}
    text = as_yaml(sealed([items], lambda path: {"stringData", "spec"} & {*path} != set()))
    assert kinds_of_values(loader(text)) == {"a": {"password": SealedValue}}
    named = as_yaml(sealed([items], lambda path: "name" in path))
    assert "metadata.name" in loader(named).errors[0].message


def digests(loaded: Loaded) -> dict[str, str]:
    (item,) = loaded.objects
    return dict(item.ciphertexts)


def test_a_digest_is_the_same_with_and_without_the_key(loader: Loader, holder: Holder) -> None:
    text = as_yaml(sealed([secret(a="canary-1", b="canary-1", empty="")], in_data, **REGEX))
    opened = digests(loader(text))
    assert opened.keys() == {"a", "b"}
    assert opened["a"] != opened["b"]
    holder.shares.clear()
    assert digests(loader(text)) == opened


@pytest.mark.parametrize(
    "change",
    [("name: a", "name: b"), ("stringData:", "data:"), ("  password:", "  passwore:")],
)
def test_the_same_ciphertext_elsewhere_has_another_digest(
    loader: Loader, holder: Holder, change: tuple[str, str]
) -> None:
    holder.shares.clear()
    text = as_yaml(sealed([secret()], in_data, **REGEX))
    assert change[0] in text
    one, other = loader(text), loader(text.replace(*change, 1))
    assert kinds_of_values(other)
    assert {*digests(one).values()}.isdisjoint(digests(other).values())


def test_what_is_plain_has_no_digest(loader: Loader) -> None:
    (document,) = sealed([secret()], in_data, **REGEX)
    assert digests(loader(as_yaml([document])))
    assert digests(loader(as_yaml([secret()]))) == {}


def test_string_data_overrides_sealed_data(loader: Loader, holder: Holder) -> None:
    holder.shares.clear()
    document = {**secret(password="canary-1"), "data": {"password": "Y2FuYXJ5"}}
    sealed_data = as_yaml(sealed([document], lambda path: "data" in path))
    loaded = loader(sealed_data)
    assert kinds_of_values(loaded) == {"a": {"password": SecretValue}}
    assert digests(loaded) == {}


def test_groups_of_keys_of_which_some_suffice(loader: Loader, holder: Holder) -> None:
    holder.shares = dict(zip("ABC", shares_of(DATA_KEY, 3, 2), strict=True))
    groups = [{"age": [{"recipient": name, "enc": "wrapped"}]} for name in "ABC"]
    text = as_yaml(sealed([secret()], in_data, key_groups=groups, shamir_threshold=2, **REGEX))
    assert values(loader(text)) == {"a": {"password": b"canary-1"}}
    del holder.shares["B"]
    assert values(loader(text)) == {"a": {"password": b"canary-1"}}
    del holder.shares["C"]
    assert kinds_of_values(loader(text)) == {"a": {"password": SealedValue}}


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
