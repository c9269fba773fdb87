"""Manifests as programs print them: kubectl, kustomize, Helm, jq."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import yaml

_TEXTS = (
    *("a", "orders-000001", "a b", "", "1", "true", "null", "~", "1e3", "0x1f", "2026-01-01"),
    *('{"auths": {"r": {"auth": "YQ=="}}}', "it's", 'a "b"', "a: b", "a #b", "#a", "- a", "a\\nb"),
    *("a\nb\n", "a\n\n  b", "\na", "a\n", "a \nb", "ä", "😀", "a\tb", "\x7f", "\u2028", "\x85"),
    *("{{ .x }}", "#@ a", "ENC[AES256_GCM,data:x]", "<a&b>", "/", "=", "%", "x" * 200),
)
_KEYS = ("a", "b", "tls.crt", ".dockerconfigjson", "a.b/c", "y", "1", "", "a b", "ä", "<<", 'a"')
_TOKENS = (
    *'{}[],:"\\',
    *('""', '"a"', '"\\u00e4"', '"\\ud83d"', '"\\x"', '"😀"', "'a'", "a", "nul"),
    *("true", "null", "0", "-0", "01", "1.", "1.5", "1e999", "9" * 30, "-", "NaN", "Infinity"),
    *(
        "\t",
        "\n",
        "\r\n",
        "\xa0",
        "\ufeff",
        "\0",
        "//",
        "---\n",
        "\n---\n",
        "\n--- {}\n",
        "[]",
        "{}",
    ),
)


def _texts(pick: Random, *, encoded: bool = False) -> dict[str, str]:
    texts = {
        pick.choice(_KEYS) if pick.random() < 0.1 else f"k{number}": (
            pick.choice(_TEXTS) if pick.random() < 0.4 else f"v{pick.randrange(9)}"
        )
        for number in range(pick.randrange(4))
    }
    if encoded:
        return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    return texts


def _secret(pick: Random) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": f"a{pick.randrange(99)}", "labels": _texts(pick)}
    if pick.random() < 0.5:
        metadata |= {"annotations": _texts(pick), "creationTimestamp": None, "generation": 1}
    if pick.random() < 0.2:
        metadata["ownerReferences"] = [{"kind": "A", "controller": True}, {"kind": "B", "x": 1.5}]
    field = pick.choice(("data", "stringData"))
    values = _texts(pick, encoded=field == "data")
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, field: values}


def _secrets(pick: Random) -> list[dict[str, Any]]:
    return [_secret(pick) for _ in range(pick.randrange(1, 4))]


def _list(pick: Random) -> dict[str, Any]:
    metadata = {"resourceVersion": ""}
    return {"apiVersion": "v1", "items": _secrets(pick), "kind": "List", "metadata": metadata}


class _Dumper(yaml.CSafeDumper):
    """Writes text of several lines as Go does."""


def _written(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _written)


def _yaml(value: object, *, flow: bool | None = False) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, width=10**6, default_flow_style=flow)
    return text


def _quoted(secret: dict[str, Any]) -> str:
    """As most charts write it."""
    lines = ["---", "# Source: app/templates/secret.yaml", "apiVersion: v1", "kind: Secret"]
    lines += ["metadata:", f"  name: {secret['metadata']['name']}", "  labels:"]
    lines += [
        f"    {key}: {json.dumps(text)}" for key, text in secret["metadata"]["labels"].items()
    ]
    field = "data" if "data" in secret else "stringData"
    lines += [f"{field}:", *(f"  {key}: {json.dumps(text)}" for key, text in secret[field].items())]
    return "\n".join(lines) + "\n"


def kubectl_yaml(pick: Random) -> str:
    return _yaml(_list(pick))


def kubectl_json(pick: Random) -> str:
    return json.dumps(_list(pick), indent=4, ensure_ascii=pick.random() < 0.5) + "\n"


def kustomize(pick: Random) -> str:
    return "---\n".join(_yaml(secret) for secret in _secrets(pick))


def helm(pick: Random) -> str:
    return "".join(map(_quoted, _secrets(pick)))


def flow(pick: Random) -> str:
    return "---\n".join(_yaml(secret, flow=None) for secret in _secrets(pick))


def json_stream(pick: Random) -> str:
    indent = pick.choice((None, 2, 4))
    separator = pick.choice(("", "\n", "\n", "\n---\n"))
    return separator.join(json.dumps(secret, indent=indent) for secret in _secrets(pick))


def json_tokens(pick: Random) -> str:
    """Random JSON, of which now and then a token is another one, is missing or comes twice."""
    tokens = [token for _ in range(pick.choice((1, 1, 2))) for token in _value(pick, 0)]
    for _ in range(pick.choice((0, 0, 1, 1, 2))):
        place = pick.randrange(len(tokens))
        tokens[place : place + pick.randrange(2)] = [pick.choice(_TOKENS)] * pick.randrange(2)
        tokens = tokens or [pick.choice(_TOKENS)]
    blanks = pick.choice((("",), ("", " ", "\n"), (" ", "\r\n", "\t ")))
    return "".join(token + pick.choice(blanks) for token in tokens)


def _value(pick: Random, depth: int) -> list[str]:
    kind = pick.random() if depth else 0.6 + pick.random() * 0.4
    if kind < 0.6 or depth > 3:
        return [json.dumps(pick.choice((*_TEXTS, 1, -2.5e-3, True, None, 2**70)))]
    inner = [_value(pick, depth + 1) for _ in range(pick.randrange(4))]
    in_map = kind < 0.9
    if in_map:
        keys = [
            f"k{pick.randrange(9)}" if pick.random() < 0.8 else pick.choice(_KEYS) for _ in inner
        ]
        inner = [[json.dumps(key), ":", *value] for key, value in zip(keys, inner, strict=True)]
    commas = [token for value in inner for token in (",", *value)][1:]
    return ["{", *commas, "}"] if in_map else ["[", *commas, "]"]


YAML_SHAPES: Mapping[str, Callable[[Random], str]] = {
    "kubectl -o yaml": kubectl_yaml,
    "kustomize": kustomize,
    "helm": helm,
    "flow": flow,
}
JSON_SHAPES: Mapping[str, Callable[[Random], str]] = {
    "kubectl -o json": kubectl_json,
    "stream": json_stream,
    "tokens": json_tokens,
}
