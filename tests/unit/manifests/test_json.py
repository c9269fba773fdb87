from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.manifests import Loaded

Loader = Callable[[str, str], Loaded]


def secret(data: str) -> str:
    return (
        '{"apiVersion": "v1",\n\t"kind": "Secret",\n\t"metadata": {"name": "a"},\n'
        f'\t"stringData": {{{data}}}}}'
    )


@pytest.mark.parametrize("file", ["f.json", "f.yaml"])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\ud83d\ude00", "😀"),
        (r"\/\b\f\n\r\t\"\\\u0041", '/\b\f\n\r\t"\\A'),
        ("a\u2028b\u0085c \u2029 d", "a\u2028b\u0085c \u2029 d"),  # YAML would fold these
        ("\x7f", "\x7f"),
        ("{{ .a }}", "{{ .a }}"),
        ("", ""),
    ],
)
def test_strings_mean_what_json_says(loaded: Loader, file: str, written: str, meant: str) -> None:
    found = loaded(secret(f'"k": "{written}"'), file)
    assert found.diagnostics == ()
    assert found.objects[0].data["k"].reveal() == meant.encode()


def test_keys_longer_than_yaml_allows(loaded: Loader) -> None:
    text = secret("").replace('"name": "a"', f'"name": "a", "annotations": {{"{"k" * 1100}": ""}}')
    assert [item.code for item in loaded(text, "f.json").diagnostics] == ["annotation-key-invalid"]


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        ('"k": 1', "type-wrong", "4:22"),
        ('"k": 1e999', "type-wrong", "4:22"),
        ('"k": ' + "9" * 5000, "type-wrong", "4:22"),
        ('"k": "", "k": ""', "key-duplicate", "4:26"),
        ('"k": "\\ud83d"', "json-invalid", "4:22"),
        ('"k": "\\x"', "json-invalid", "4:22"),
        ('"k": "\t"', "json-invalid", "4:22"),
        ('"k": .5', "json-invalid", "4:22"),
        ('"k": 01', "json-invalid", "4:23"),
        ('"k": True', "json-invalid", "4:22"),
        ('"k": "",', "json-invalid", "4:25"),
        ("k: 1", "json-invalid", "4:17"),
        ('"k" 1', "json-invalid", "4:21"),
        ('"k": ', "json-invalid", "4:22"),
        ('"k": ' + "[" * 120, "nesting-too-deep", "4:120"),
    ],
)
def test_errors_have_places(loaded: Loader, data: str, code: str, place: str) -> None:
    found = loaded(secret(data), "f.json")
    assert [(item.code, str(item.source)) for item in found.diagnostics] == [
        (code, f"f.json:{place}")
    ]


@pytest.mark.parametrize(("data", "closing"), [('"k": "",', "}"), ('"k": ["a", ]', "]")])
def test_a_comma_too_many_is_named(loaded: Loader, data: str, closing: str) -> None:
    (error,) = loaded(secret(data), "f.json").diagnostics
    assert error.message == f"this is not valid JSON: there is a comma before {closing}"


def test_a_stream_of_objects(loaded: Loader) -> None:
    texts = [
        json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}})
        for name in "abc"
    ]
    for text in ["".join(texts), "\n".join(texts), "\n---\n".join(texts)]:
        found = loaded(text, "f.json")
        assert [(item.name, item.source.document) for item in found.objects] == [
            ("a", 0),
            ("b", 1),
            ("c", 2),
        ]


def test_flow_yaml_need_not_be_json(loaded: Loader) -> None:
    found = loaded("{apiVersion: v1, kind: Secret, metadata: {name: a,},}", "f.yaml")
    assert [item.name for item in found.objects] == ["a"]


def test_json_and_yaml_make_the_same_object(loaded: Loader) -> None:
    as_json = loaded(secret('"k": "v", "l": null'), "f.json").objects[0]
    as_yaml = loaded(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  k: v\n  l:\n", "f.yaml"
    ).objects[0]
    assert as_json.data == as_yaml.data
    assert as_json.key == as_yaml.key
