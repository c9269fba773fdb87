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
