"""Whatever comes in, diagnostics come out, and no value is in them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests import Loaded, parse_document
from reconciler.model.objects import Diagnostic
from reconciler.workflow import load

WHOLE = """\
# a file as people write them
apiVersion: v1
kind: Secret
metadata: &meta
  name: app
  labels: {app.kubernetes.io/name: web}
  annotations:
    note: "{{ templated }}"
  ownerReferences:
  - {apiVersion: v1, kind: ConfigMap, name: o, uid: u-1, controller: true}
type: kubernetes.io/tls
immutable: no
data:
  tls.crt: YQ==
  <<: {tls.key: Yg==}
stringData:
  config: |
    host: db
    port: 5432
  text: 'it''s'
---
{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Namespace", "metadata": *none}]}
--- !!map
apiVersion: v1
kind: ServiceAccount
metadata: {generateName: sa-}
secrets: [{name: a}]
...
"""
JSON = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "YQ=="}}'
PIECES = [
    *"{}[]:,-?&*!|>'\"%@`#~<\\\t\n \r\0\x1b\x85",
    *("\ufeff", "\u2028", "\ud7ff", "😀", "\n---\n", "\n...\n", "\n%", "<<: ", "*meta", "&meta "),
    *(
        "{{ ",
        " }}",
        "!!int ",
        "!!binary ",
        "null",
        "yes",
        "1",
        ".inf",
        "0x",
        "ENC[AES256_GCM,",
        "- ",
    ),
    *('{"', '"}', "\\ud83d", "sops: {mac: x}", "? ", ": ", "uid: x\n"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from([WHOLE, JSON, f"[{JSON}]"]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from(["", *PIECES])) + text[end:]
    return text


def check(content: bytes) -> None:
    found = load("-", stdin=io.BytesIO(content))
    names = {(item.source.file, item.source.line > 0) for item in found.diagnostics}
    assert names <= {("<stdin>", True)}
    assert len({(item.key, item.generate_name) for item in found.objects}) == len(found.objects)
    places = [(item.source.line, item.source.column) for item in found.diagnostics]
    assert places == sorted(places)


@given(mutated())
@settings(max_examples=300)
def test_mutated_text_gives_diagnostics_only(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))
    check(text.encode("utf-16", "surrogatepass"))
    parse_document(text, "c.yaml")


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_give_diagnostics_only(content: bytes) -> None:
    check(content)


def test_nothing_is_lost_without_a_word(loaded: Callable[[str], Loaded]) -> None:
    """The seed of the mutations is nearly right, so that they reach far."""
    found = loaded(
        WHOLE.replace("*none", '{"name": "n"}').replace(
            '"kind": "N', '"apiVersion": "v1", "kind": "N'
        )
    )
    assert [item.code for item in found.diagnostics] == ["tls-pair-unusable"]
    assert [str(item.key) for item in found.objects] == [
        "Secret/default/app",
        "Namespace/n",
        "ServiceAccount/default",
    ]


VALUE = "hunter2Kanari"
ENCODED = base64.b64encode(VALUE.encode()).decode()
HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
LEAKS = [
    f"stringData:\n  k: *{VALUE}\n",
    f"stringData:\n  k: &{VALUE}\n  l: : x\n",
    f"stringData:\n  k: !!int {VALUE}\n",
    f"stringData:\n  k: !{VALUE}!x y\n",
    f"stringData:\n  k: !!{VALUE}, y\n",
    f"stringData:\n  k: '{VALUE}\n",
    f'stringData:\n  k: "{VALUE}\\q"\n',
    f"stringData:\n  k: {VALUE}: x: y\n",
    f"stringData:\n  k: @{VALUE}\n",
    f"stringData:\n  k: %{VALUE}\n",
    f"stringData:\n  k: {VALUE}\x07\n",
    f"stringData:\n  k: {VALUE}\udcff\n",
    f"stringData:\n  k: [{VALUE}]\n",
    f"stringData:\n  k: {{{VALUE}: {VALUE}}}\n",
    f"stringData:\n  k: {{{{ {VALUE} }}}}\n",
    f"stringData:\n  k: ENC[AES256_GCM,{VALUE}]\n",
    f"stringData:\n  k: |\n    {VALUE}\n {VALUE}\n",
    f"stringData:\n  k: |\n-----BEGIN {VALUE}\n{VALUE}\n",
    f"stringData: {VALUE}\n",
    f"stringData: [{VALUE}]\n",
    f"data: {VALUE}\n",
    f"data:\n  k: {VALUE}!\n",
    f"data:\n  k: '{ENCODED[:-1]} '\n",
    f"data:\n  k: {ENCODED} {ENCODED}\n",
    f"data:\n  k: !!binary {VALUE}!\n",
    f"data:\n  k: {ENCODED}\n  k: {ENCODED}\n",
    f"data:\n  k: {ENCODED}\nimmutable: {VALUE}\n",
    f"stringData:\n  k: x\n{VALUE} and more: y\n",
    f"stringData: {{k: x,{VALUE}+/}}\n",
    f"stringData: {{k: x,{VALUE}+/,l: y,{VALUE}+/}}\n",
    f"data: {{k: '',{VALUE}+/: 1}}\n",
    f"data: {{k: '',{VALUE * 20}}}\n",
    f"type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{{{VALUE}'\n",
    f"type: kubernetes.io/tls\nstringData:\n  tls.crt: {VALUE}\n  tls.key: {VALUE}\n",
    f"type: bootstrap.kubernetes.io/token\nstringData:\n  token-id: {VALUE}\n",
]


def shown(diagnostic: Diagnostic) -> str:
    return repr(diagnostic) + str(diagnostic)


@pytest.mark.parametrize("text", LEAKS)
def test_no_diagnostic_holds_a_value(loaded: Callable[[bytes, str], Loaded], text: str) -> None:
    content = (HEAD + text).encode("utf-8", "surrogateescape")
    found = loaded(content, "f.yaml")
    if "!x y" not in text:  # an unknown tag only makes a string
        assert found.diagnostics
    told = "".join(map(shown, found.diagnostics)) + "".join(found.notices)
    assert VALUE not in told
    assert ENCODED[:12] not in told


@pytest.mark.parametrize(
    "broken", ['"k": "{}\\q"', '"k": "{}', '"k": {}', '"k": ["{}"]', '"k": "{}",']
)
def test_no_json_diagnostic_holds_a_value(
    loaded: Callable[[str, str], Loaded], broken: str
) -> None:
    head = '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {'
    found = loaded(head + broken.replace("{}", VALUE) + "}}", "f.json")
    assert found.diagnostics
    assert VALUE not in "".join(map(shown, found.diagnostics))
