"""Placeholders, masks and references: each row of the tables, and what only looks like one."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifests import Loaded
from reconciler.manifests.lints.placeholders import ENCRYPTED, INSIDE, OF_CREDENTIALS, WHOLE
from reconciler.model.objects import Severity

Loader = Callable[[str], Loaded]

PAGE = Path(__file__).parents[3] / "docs" / "diagnostics.md"
HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"


def written(loaded: Loader, value: str, key: str = "any", field: str = "stringData") -> Loaded:
    return loaded(f"{HEAD}{field}:\n  {json.dumps(key)}: {json.dumps(value)}\n")


def b64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


REFERENCES = [
    ("<path:secret/data/db#password>", "Argo CD Vault Plugin"),
    ("postgres://app:<path:kv/data/db#pw#3 | base64encode>@db/app", "Argo CD Vault Plugin"),
    ("ref+vault://secret/db#/password", "vals"),
    ("ref+awsssm://shop/token", "vals"),
    ("secretref+gcpsecrets://p/s", "vals"),
    ("a: ref+sops://f.yaml#/a\nb: 1\n", "vals"),
    ("op://vault/item/field", "1Password"),
    ("op://My Vault/item/section/field", "1Password"),
    ("password={{ op://vault/item/field }}\n", "1Password"),
    ("vault:secret/data/mysql#MYSQL_PASSWORD", "Bank-Vaults"),
    (">>vault:database/creds/app#password#-1", "Bank-Vaults"),
    ("mysql://a:${vault:secret/data/x#key}@db", "Bank-Vaults"),
    ("**SOPS**", "Flux"),
    ("++++++++", "mask"),
    ("+++++++++++", "mask"),
    ("••••••••", "mask"),
    ("*** (before)", "mask"),
    ("<-- value not shown (#3)", "mask"),
    ("(sensitive value)", "mask"),
    ("(secret value)", "mask"),
    ("(known after apply)", "mask"),
    ("[FILTERED]", "mask"),
    ("<hidden>", "mask"),
    ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "mask"),
    ("((db_password))", "Concourse"),
    ("((vault:db/password.value))", "Concourse"),
    ("${DB_PASSWORD:=none}", "variable"),
    ("<%= @password %>", "variable"),
    ("%(password)s", "variable"),
    ("$PASSWORD", "variable"),
    ("%{DB_PASSWORD}", "variable"),
    ("%%DB_PASSWORD%%", "variable"),
    ("@@DB_PASSWORD@@", "variable"),
    ("%env(DB_PASSWORD)%", "variable"),
    ("$[variables.password]", "variable"),
    ("$[[ inputs.password ]]", "variable"),
    ("***REDACTED***", "mask"),
    ("ssm://shop/token", "secret manager"),
    ("vault://kv/db", "secret manager"),
    ("bitwarden://db", "secret manager"),
    ("TO_BE_DEFINED", "never filled in"),
    ("to be replaced by ops", "never filled in"),
    ("change-in-production", "never filled in"),
    ("UPDATE_ME", "never filled in"),
    ("setme", "never filled in"),
    ("PASSWORD_HERE", "never filled in"),
    ("base64-encoded-password", "never filled in"),
    ("(your password)", "never filled in"),
    ("[your password]", "never filled in"),
    ("[object Object]", "never filled in"),
    ("AKIAIOSFODNN7EXAMPLE", "never filled in"),
    ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "never filled in"),
    ("ENC[PKCS7,MIIBeQYJKoZIhvcNAQcDoIIBajCC]", "eyaml"),
    ("ENC[k8s_secret@shop/db/password]", "eyaml"),
    ("@Microsoft.KeyVault(SecretUri=https://v.example/secrets/s/)", "Azure"),
    ("encrypted:s3!r:us-west-2!b:bucket!f:file!k:key", "Spinnaker"),
    ("berglas://bucket/secret", "secret manager"),
    ("keeper://UID/field/password", "secret manager"),
    ("<<password>>", "never filled in"),
    ("[[db password]]", "never filled in"),
    ("%!s(<nil>)", "never filled in"),
    ("{{ .Values.token }}", "Helm"),
    ("{{ $.Values.db.password | quote }}", "Helm"),
    ('{{- include "app.config" . | nindent 2 }}', "Helm"),
    ("a: 1\nb:\n  c: {{ .Values.c }}\n", "Helm"),
    ("{{- if .Values.tls }}\na=b\n{{- end }}\n", "Helm"),
    ("server {\n  {{- with .Values.x }}\n  a\n  {{ tpl .y $ }}\n", "Helm"),
    ("{{ .Release.Name }}-db", "Helm"),
    ("{{resolve:secretsmanager:db:SecretString:password}}", "CloudFormation"),
    ("user: (@= data.values.user @)\n", "ytt"),
    ("?{gpg:targets/db/password}", "Kapitan"),
    ("pw: ?{vaultkv:db/x:pw}\n", "Kapitan"),
]


@pytest.mark.parametrize(("value", "tool"), REFERENCES)
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_what_stands_for_a_value(loaded: Loader, value: str, tool: str, field: str) -> None:
    found = written(loaded, b64(value) if field == "data" else value, field=field)
    (warning,) = found.diagnostics
    assert (warning.code, warning.severity) == ("value-placeholder", Severity.WARNING)
    assert tool in warning.message
    assert warning.hint
    assert value not in warning.message + warning.hint


@pytest.mark.parametrize(
    "value",
    [
        *("{password}", "{{ token }}", "16 bytes", "hidden", "n/a", "nil", "not-set", "fake"),
        *("dummy-password", "my-token", "some-password", "example-api-key", "sk-...", "xoxb-xxxx"),
        *("ghp_xxxxxxxxxxxxxxxxxxxx", "sk_test_xxxxxxxx", "sk_live_****", "xoxb-your-token"),
        *("projects/shop/secrets/db/versions/latest", "arn:aws:secretsmanager:eu:1:secret:db"),
    ],
)
def test_what_is_no_credential(loaded: Loader, value: str) -> None:
    (warning,) = written(loaded, value, "password").diagnostics
    assert warning.code == "value-placeholder"
    assert written(loaded, value, "note").diagnostics == ()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("any", "++++++++"),
        ("any", "changeme"),
        ("any", "xxxxxxxx"),
        ("any", "XXXX"),
        ("any", "TODO"),
        ("any", "ChangeIt"),
        ("password", "password"),
        ("token", "None"),
    ],
)
def test_what_data_holds_without_base64(loaded: Loader, key: str, text: str) -> None:
    (warning,) = written(loaded, text, key, "data").diagnostics
    assert warning.code == "value-placeholder"
    assert "data holds" in warning.message


@pytest.mark.parametrize(
    "value",
    [
        "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9g==",  # Vault's transit
        "https://shop.example/?op=//x",
        "shop://op/x",
        "{{ user }}",
        "prometheus: {{ $labels.instance }}\n",
        "{{ .Data.password }} and {{ value }}",
        "line (@ with parentheses)",
        "((i++))",
        "text: '{{ template \"slack.default.text\" . }}'\n",  # of Alertmanager
        "to be, or not to be",
        "change in the weather",
        "updated",
        "setter",
        "[your]",
        "EXAMPLE",
        "((1+2))",
        "a ((b)) c",
        "?{x",
        "xref+1",
        "1+++2",
        "+49 30 1234",
        "++",
        "hidden",
        "10 bytes",
        "ENC(abc)",
        "{cipher}abc",
        "sm",
        "**bold**",
        "a <path> b",
        "[section]",
        "[1, 2]",
        "age-old",
        "version https",
    ],
)
def test_what_only_looks_like_one(loaded: Loader, value: str) -> None:
    assert written(loaded, value).diagnostics == ()


SOPS_ENV = "A=ENC[AES256_GCM,data:abcd,iv:x,tag:y,type:str]\nsops_version=3.8.1\nsops_mac=x\n"
SOPS_YAML = "db:\n    password: ENC[AES256_GCM,data:ab,iv:x,tag:y,type:str]\nsops:\n    mac: x\n"
SOPS_JSON = '{"data": "ENC[AES256_GCM,data:ab,iv:x,tag:y,type:str]", "sops": {"mac": "x"}}'
SOPS_INI = "[db]\npassword = ENC[AES256_GCM,data:ab,iv:x,tag:y,type:str]\n[sops]\nmac = x\n"


@pytest.mark.parametrize("value", [SOPS_ENV, SOPS_YAML, SOPS_JSON, SOPS_INI, "ENC[AES256_GCM,x]"])
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_what_sops_has_encrypted(loaded: Loader, value: str, field: str) -> None:
    found = written(loaded, b64(value) if field == "data" else value, "f.yaml", field)
    assert [item.code for item in found.errors] == ["sops-encrypted"]
    assert found.diagnostics == found.errors
    assert found.objects == ()


def test_all_encrypted_values_are_told_at_once(loaded: Loader) -> None:
    text = f"{HEAD}data:\n  a: {b64(SOPS_ENV)}\n  b: {b64(SOPS_YAML)}\n"
    found = loaded(text)
    assert [(item.field, item.source.line) for item in found.errors] == [
        ("data[a]", 6),
        ("data[b]", 7),
    ]


@pytest.mark.parametrize("row", ENCRYPTED, ids=lambda row: row.what)
def test_what_other_tools_have_encrypted(loaded: Loader, row: tuple[str, bytes, str]) -> None:
    found = written(loaded, b64(row[1] + b" and more"), field="data")
    assert [(item.code, item.severity) for item in found.diagnostics] == [
        ("value-encrypted", Severity.WARNING)
    ]
    assert row[0] in found.diagnostics[0].message


@pytest.mark.parametrize(
    "key", ["mail.tmpl", "motd.j2", "values.yaml", "values-prod.yml", "shop-values.yaml"]
)
def test_files_of_templates_have_directives(loaded: Loader, key: str) -> None:
    assert written(loaded, "name: {{ .Release.Name }}\n", key).diagnostics == ()
    assert written(loaded, "name: {{ .Release.Name }}\n", "name.yaml").diagnostics != ()
    (warning,) = written(loaded, "changeme", key).diagnostics
    assert warning.code == "value-placeholder"


def test_text_about_sops_is_text(loaded: Loader) -> None:
    assert written(loaded, "values look like ENC[AES256_GCM,data:...]").diagnostics == ()


def test_the_page_prints_the_tables() -> None:
    page = PAGE.read_text(encoding="utf-8").split("### Placeholders, masks and references", 1)[1]
    rows = page.split("\n### ", 1)[0]
    for row in (*WHOLE, *INSIDE, *ENCRYPTED, *OF_CREDENTIALS):
        assert row.what.removeprefix("a ").removeprefix("an ") in rows, row.what


@pytest.mark.parametrize(
    "value",
    [
        "<path:" * 30_000,
        "ref+" * 50_000,
        "op://" * 40_000,
        "{{ " * 60_000,
        "{{-" + " " * 200_000 + "x",
        "${vault:" * 25_000,
        "(@=" * 60_000,
        "?{a:" * 50_000,
        "ENC[AES256_GCM,data:" * 10_000,
        "your-" * 39,
        "a-your-" * 28,
        "my" + "x" * 198,
        "aaaa-aaaa-aaaa-" + "x" * 184 + "y.x",
        "to be set" + " a" * 95 + "!",
        "akia" + "example" * 28 + "!",
        "please-change-me-" * 11,
        "x-" * 99 + "y",
        "todo:" + "x" * 190,
        "a-" * 90 + "goes-here!",
        "<a" + " " * 190,
        "$a" + "_a" * 95 + "-",
        "[[" + "a-" * 95,
    ],
)
def test_nothing_takes_long(loaded: Loader, value: str) -> None:
    began = time.process_time()
    written(loaded, value, "password")
    assert time.process_time() - began < 1
