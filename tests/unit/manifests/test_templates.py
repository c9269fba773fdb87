from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.manifests import Loaded

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"

TEMPLATES = [
    ("{{- if .Values.create -}}\n" + HEAD + "{{- end }}\n", "1:1"),
    ("{{ .x }}\n" + HEAD, "1:1"),
    ("{{/* why */}}\n" + HEAD, "1:1"),
    ("{{- if and\n   .a .b }}\n" + HEAD + "{{- end }}\n", "1:1"),
    (HEAD + '  labels: {{- include "labels" . | nindent 4 }}\n', "5:11"),
    (HEAD + '  labels:\n    {{- include "labels" . | nindent 4 }}\n', "6:5"),
    (HEAD + '  labels:\n{{ include "labels" . | indent 4 }}\ndata: {}\n', "6:1"),
    (HEAD + "{{- with .x }}\n  annotations:\n{{ toYaml . }}\n{{- end }}\n", "5:1"),
    (HEAD + "data:\n  {{- range $k, $v := .x }}\n  {{ $k }}: {{ $v }}\n", "6:3"),
    (HEAD + "data:\n  {{ $k }}: {{ $v | b64enc }}\n", "6:3"),
    (HEAD + "data:\n  k: {{ .x | b64enc }}\n", "6:3"),
    (HEAD + 'data:\n  k: {{ .x | b64enc | quote }}\n  l: {{ include "a" . }}\n', "6:3"),
    (HEAD.replace(": a", ": '{{ .Release.Name }}-a'"), "4:9"),
    (HEAD.replace(": a", ": {{ .Release.Name }}"), "4:3"),
    (HEAD.replace("Secret", "'{{ .kind }}'"), "2:7"),
    ("{{/*\n  one\n  licence: all\n*/}}\n" + HEAD, "1:1"),
    (HEAD.replace(": a", ': "{{ .x | default "b" }}"'), "4:10"),
    (HEAD + 'data:\n  k: "{{ printf "%s" .x | b64enc }}"\n', "6:7"),
    (HEAD + "data:\n  k: '{{- index .x 'a' }}'\n", "6:7"),
    (HEAD + 'data:\n  k: "{{ .x\n    | default "y" }}"\n', "6:7"),
    (HEAD.replace("Secret", "{{ .kind }}"), "2:1"),
]


@pytest.mark.parametrize(("text", "place"), TEMPLATES)
def test_a_template_is_named_as_one_once(
    loaded: Callable[[str], Loaded], text: str, place: str
) -> None:
    found = loaded(text + "---\n" + HEAD.replace(": a", ": other"))
    assert [(item.code, str(item.source)) for item in found.diagnostics] == [
        ("template-unrendered", f"f.yaml:{place}")
    ]
    assert [item.name for item in found.objects] == ["other"]


def test_a_directive_within_text_does_not_hide_what_is_wrong_elsewhere(
    loaded: Callable[[str], Loaded],
) -> None:
    text = HEAD + "stringData:\n  c: |\n    {{ x }}\n    {{ y }}\n  d: a: b\n"
    assert [(item.code, str(item.source)) for item in loaded(text).diagnostics] == [
        ("yaml-invalid", "f.yaml:9:7")
    ]
    text = HEAD.replace(": a", ": A") + "stringData:\n  c: '{{ x }}'\n"
    assert [item.code for item in loaded(text).diagnostics] == ["name-invalid"]
    text = HEAD + "stringData:\n  c: '{{ x }}'\n  d: a: b\n  e: '{{ x }}'\n"
    assert [(item.code, str(item.source)) for item in loaded(text).diagnostics] == [
        ("yaml-invalid", "f.yaml:7:7")
    ]
    text = HEAD + 'stringData:\n  c: "{{"a": "b"}}"\n'
    assert [item.code for item in loaded(text).diagnostics] == ["yaml-invalid"]


YTT = [
    (HEAD + "stringData:\n  password: #@ data.values.password\n", "6:13"),
    (HEAD + "stringData:\n  a: b\n  password:   #@ data.values.password\n", "7:15"),
    (HEAD + "stringData: #@ data.values.all\n", "5:13"),
    (HEAD + "data: {a: YQ==}\n  #@ comment\ntype: #@ data.values.type\n", "7:7"),
    (HEAD.replace("name: a", "name: #@ data.values.name"), "4:9"),
    (HEAD + "  finalizers:\n  - #@ data.values.finalizer\n", "6:5"),
    (HEAD + "  labels: #@ labels()\nstringData: {a: b}\n", "5:11"),
    ('#@ load("@ytt:data", "data")\n' + HEAD + "stringData: {a: b}\n", "1:1"),
    ("#@ if data.values.on:\n" + HEAD + "stringData: {a: b}\n#@ end\n", "1:1"),
    ("#@overlay/match by=1\n" + HEAD, "1:1"),
    (HEAD.replace("Secret", "Namespace") + "  labels:\n    a: #@ x\n", "6:8"),
]


@pytest.mark.parametrize(("text", "place"), YTT)
def test_a_template_of_ytt(loaded: Callable[[str], Loaded], text: str, place: str) -> None:
    (error,) = loaded(text).diagnostics
    assert (error.code, str(error.source)) == ("template-unrendered", f"f.yaml:{place}")
    assert "ytt" in error.message
    assert "ytt" in error.hint


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "stringData:\n  overlay.yaml: |\n    #@ load('x')\n    a: #@ data.values.a\n",
        HEAD + "stringData:\n  a: b #@ note\n",
        HEAD + "stringData:\n  a: 'x: #@ y'\n",
        "#@author: somebody\n" + HEAD,
        "# a: #@ x\n" + HEAD,
        HEAD + "stringData:\n  a: # @ x\n",
    ],
)
def test_what_is_no_template_of_ytt(loaded: Callable[[str], Loaded], text: str) -> None:
    assert loaded(text).diagnostics == ()
