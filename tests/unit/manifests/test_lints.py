"""What is told of values, annotations and registry accounts, and above all what is not."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifests import LINTS, OFF, LintSettings, Loaded
from reconciler.manifests.lints import Level
from reconciler.model.objects import Severity
from reconciler.workflow import load

Loader = Callable[[str], Loaded]

PAGE = Path(__file__).parents[3] / "docs" / "diagnostics.md"
HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"


def b64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def manifest(key: str, value: str | bytes, head: str = HEAD) -> str:
    if isinstance(value, bytes):
        return f"{head}data:\n  {json.dumps(key)}: {b64(value)}\n"
    return f"{head}stringData:\n  {json.dumps(key)}: {json.dumps(value)}\n"


def codes(found: Loaded) -> list[str]:
    assert found.errors == ()
    assert len(found.objects) == 1
    return [item.code for item in found.diagnostics]


PEM_TEXT = "-----BEGIN PRIVATE KEY-----\nbm90LWEtcmVhbC1rZXk=\n-----END PRIVATE KEY-----\n"

ENCODED_TWICE = [
    ("password", b64("not-a-real-password")),
    ("password", b64("not-a-real-password\n")),
    ("password", b64("not-a-real-password").encode()),
    ("password", b64("not-a-real-password") + "\n"),
    ("greeting", b64("grüße aus der küche")),
    ("short", b64("hunter22")),  # padded
    ("short", b64("hunter2\n")),  # the line break of echo tells it
    ("settings", b64('{"user": "shop", "mode": 3}')),
    ("settings", base64.encodebytes(b"a = 1\nb\t= 2\n" * 20).decode()),
    ("key.pem", b64(PEM_TEXT)),
    ("json", b64("[1, 2, 3, 4, 5, 6]")),
    ("password", b64("not-real-at-al")),  # shorter ones in keys of credentials
    ("password", b64("not-real-or?")),
    ("token", b64("never")),
]
NOT_ENCODED_TWICE = [
    ("a", "password"),
    ("a", "shopshopshopshop"),  # letters alone, of the right number
    ("a", "8f14e45fceea167a5a36dedd4bea2543"),  # hex
    ("a", "d41d8cd98f00b204e9800998ecf8427e" * 4),
    ("a", "DEADBEEFCAFEBABEDEADBEEFCAFEBABE"),
    ("a", "12345678901234567890123456789012"),
    ("a", "550e8400e29b41d4a716446655440000"),
    ("a", b64(bytes(range(200, 232)))),  # a random key in base64
    ("a", b64(bytes(32))),
    ("a", b64("short")),
    ("password", b64("four")),
    ("password", b64("no-reals?")),
    ("a", b64("twelve bytes")),  # no padding: might be chance
    ("a", b64("not-a-real-password")[:-1]),  # not padded
    ("a", b64("not-a-real-password?")[:-2] + "9="),  # bits that no byte needs
    ("a", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl"),  # a JWT
    ("a", "shop:" + b64("not-a-real-password")),
    ("TUNNEL_TOKEN", b64('{"a":"0af1","t":"3c29","s":"bm90LXJlYWw="}')),  # of Cloudflare
    ("certificate-authority-data", b64(PEM_TEXT)),
    ("caData", b64(PEM_TEXT)),
    ("ca-bundle", b64(PEM_TEXT)),
    ("ca-b64", b64(PEM_TEXT)),
    ("TOKEN_BASE64", b64("not-a-real-token")),
    ("encodedToken", b64("not-a-real-token")),
    ("basic-auth", b64("shop:not-a-real-password")),
    ("auth", b64("shop:not-a-real-password")),
    ("store.jks", b"\xfe\xed\xfe\xed" + bytes(40)),
    ("a", b64("text with a bell \x07 inside")),
    ("a", b64("grüße aus der küche".encode("latin-1"))),
]


@pytest.mark.parametrize(("key", "value"), ENCODED_TWICE)
def test_encoded_twice(loaded: Loader, key: str, value: str | bytes) -> None:
    assert "value-encoded-twice" in codes(loaded(manifest(key, value)))


@pytest.mark.parametrize(("key", "value"), NOT_ENCODED_TWICE)
def test_not_encoded_twice(loaded: Loader, key: str, value: str | bytes) -> None:
    assert codes(loaded(manifest(key, value))) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "not-real\n"),
        ("password", b"not-real\n"),
        ("DB_PASSWORD", "not-real\r\n"),
        ("dbPassword2", " not-real"),
        ("token", "\tnot-real"),
        ("API-KEY", "not-real "),
        ("apikey", "not-real\n"),
        ("accessKeyId", "not-real\n"),
        ("client.secret", "not-real\n"),
        ("username", "shop\n"),
        ("url", "https://shop.example\n"),
        ("pass", "{not json\n"),
        ("password", "\n"),
        ("password", "grün-ist-nicht-echt\n"),
        ("jwt", "not-real\n"),
        ("password", "\ufeffnot-real"),
        ("password", "not-real\u00a0"),
        ("token", "not-real\u200b"),
    ],
)
def test_stray_white_space(loaded: Loader, key: str, value: str | bytes) -> None:
    assert codes(loaded(manifest(key, value))) == ["value-whitespace"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "not-real"),
        ("password", "not real"),
        ("password", "n\u00a0real"),
        ("motd", "\u00a0hello"),
        ("user", ""),
        ("ssh-key", PEM_TEXT),
        ("tokens.json", '{"a": 1}\n'),
        ("service-account-key", '{"a": 1}\n'),
        ("token", "[1]\n"),
        ("recovery-key", "one\ntwo\n"),
        ("app.conf", "user = shop\n"),
        ("htpasswd", "shop:$apr1$not-real\n"),
        ("secrets.ini", "a = 1\n"),
        ("password-policy", "at least ten characters\n"),
        ("motd", " hello \n"),
        ("license.key", "not-a-real-licence\n"),
        ("aes.key", b" not text \xff\xfe\n"),
        ("signing-key", b"\xd0\x00not text \xff\xfe\n"),
        ("signing-key", b"\x01control\n"),
        ("monkeys", "three\n"),
        ("123", "not-real\n"),
    ],
)
def test_white_space_that_belongs_there(loaded: Loader, key: str, value: str | bytes) -> None:
    assert codes(loaded(manifest(key, value))) == []


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("password", '"not-real"', True),
        ("password", "'not-real'", True),
        ("DB_HOST", '"db.shop"', True),
        ("url", b"'https://shop.example'", True),
        ("password", '"not-real', False),
        ("password", "'not-real\"", False),
        ("password", "'not' or 'real'", False),
        ("password", "''", False),
        ("password", '"', False),
        ("motd", '"hello"', False),
        ("password", '"not\nreal"', False),
    ],
)
def test_values_in_quotes(loaded: Loader, key: str, value: str | bytes, *, told: bool) -> None:
    assert codes(loaded(manifest(key, value))) == ["value-quoted"] * told


PLACEHOLDERS = """\
changeme|CHANGE_ME|change-me|changeit|ChangeMe123!|please-change-me|change this|todo|TODO: ask
FIXME|tbd|xxx|XXXXXXXX|xxxx-xxxx-xxxx|***|...|<password>|<your token>|<no value>|<PASSWORD_HERE>
REPLACE_ME|replaceme|replace-this|replace with your token|fill in|insert-password-here|put-it-here
enter your password|your-password|YOUR_API_KEY|yourtoken|your-secret-here|password-goes-here
placeholder|PLACEHOLDER|password-placeholder|[REDACTED]|redacted|${PASSWORD}|${db.password}
$(PASSWORD)|$DB_PASSWORD|%PASSWORD%|@PASSWORD@|__PASSWORD__|#{Password}#|${{ secrets.PASSWORD }}
""".replace("\n", "|").split("|")[:-1]


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_placeholders(loaded: Loader, value: str) -> None:
    assert codes(loaded(manifest("any", value))) == ["value-placeholder"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "password"),
        ("POSTGRES_PASSWORD", "Password"),
        ("api-key", "api-key"),
        ("clientSecret", "secret"),
        ("token", "{{token}}"),
        ("password", "undefined"),
        ("password", "dummy"),
        ("token", "None"),
    ],
)
def test_placeholders_in_keys_of_credentials_alone(loaded: Loader, key: str, value: str) -> None:
    assert codes(loaded(manifest(key, value))) == ["value-placeholder"]
    assert codes(loaded(manifest("kind", value))) == []


@pytest.mark.parametrize("key", ["password", "any"])
@pytest.mark.parametrize(
    "value",
    [
        "not-a-real-password",
        "not-a-real-api-key",
        "example",
        "test",
        "admin",
        "postgres",
        "changeover",
        "exchange-me-not",
        "todos-los-dias",
        "todoist-4711",
        "xx",
        "xylophone",
        "<xml/>",
        "<a><b>",
        "a<b>c",
        "p${x}q",
        "$ecret",
        "$1,000",
        "100%",
        "your-horse-battery",
        "entertainment",
        "settings",
        "address",
        "passing",
        "_dunder_",
        "p4ssw0rd",
        "http://${HOST}/",
        "#!/bin/sh\nexec ${SHELL}\n",
        "x" + "y" * 200,
    ],
)
def test_what_only_resembles_a_placeholder(loaded: Loader, key: str, value: str) -> None:
    assert codes(loaded(manifest(key, value))) == []


def test_a_key_that_is_overridden(loaded: Loader) -> None:
    text = HEAD + "data:\n  a: b2xk\n  b: b2xk\nstringData:\n  c: x\n  b: new\n"
    (warning,) = loaded(text).diagnostics
    assert (warning.code, str(warning.source)) == ("data-overridden", "f.yaml:10:6")
    assert warning.field == "stringData[b]"
    assert warning.object == "Secret/default/a"


@pytest.mark.parametrize(
    "data", ["data: {a: b2xk}\nstringData: {a: old}\n", "data: {a: b2xk}\nstringData: {b: new}\n"]
)
def test_keys_in_both_that_agree(loaded: Loader, data: str) -> None:
    assert codes(loaded(HEAD + data)) == []


def account(code: str = "dockerconfigjson", **fields: object) -> str:
    config: dict[str, object] = {"registry.example": fields}
    if code == "dockerconfigjson":
        config = {"auths": config}
    return manifest(f".{code}", json.dumps(config), HEAD + f"type: kubernetes.io/{code}\n")


@pytest.mark.parametrize("code", ["dockerconfigjson", "dockercfg"])
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"username": "u", "password": "p", "auth": b64("u:p")}, False),
        ({"username": "u", "password": "p:q", "auth": b64("u:p:q")}, False),
        ({"username": "u", "password": "pq", "auth": b64("u:pq")[:-2]}, False),  # kubelets read it
        ({"username": "u", "password": "p"}, False),
        ({"username": "u", "password": "p", "auth": ""}, False),
        ({"auth": b64("u:p")}, False),
        ({"username": "ü", "auth": b64("ü:p")}, False),
        ({"username": "u", "password": "p", "auth": b64("u:p\n")}, True),
        ({"username": "u", "password": "p", "auth": b64("u:q")}, True),
        ({"username": "u", "password": "p", "auth": b64("v:p")}, True),
        ({"password": "p", "auth": b64("u:q")}, True),
        ({"username": 1, "auth": b64("1:q")}, True),
        ({"username": "\ud800", "auth": b64("u:q")}, True),
        ({"auth": b64("no colon")}, True),
        ({"auth": "not base64"}, True),
        ({"auth": "größe"}, True),
    ],
)
def test_registry_accounts(
    loaded: Loader, code: str, fields: dict[str, object], *, told: bool
) -> None:
    assert codes(loaded(account(code, **fields))) == ["registry-auth-mismatch"] * told


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{}", "no accounts"),
        ("null", "no accounts"),
        ('{"auths": {}}', "no accounts"),
        ('{"auths": null}', "no accounts"),
        ('{"auths": []}', "no accounts"),
        ('{"auths": {}, "credsStore": "desktop"}', "store or helper"),
        ('{"credHelpers": {"r": "ecr-login"}}', "store or helper"),
        ('{"auths": {"r": {}}, "credsStore": "osxkeychain"}', "registry 1 has no auth"),
        ('{"auths": {"r": {}, "s": {"auth": "dTpw"}}}', "registry 1 has no auth"),
        ('{"auths": {"r": {"auth": "dTpw"}, "s": {"email": "a@b"}}}', "registry 2 has no auth"),
        ('{"auths": {"r": 1}}', "registry 1 has no auth"),
        ('{"auths": {"r": {"auth": 1}}}', "registry 1 has no auth"),
        ('{"auths": {"r": {"identitytoken": "x"}}}', "registry 1 has no auth"),
        ('{"r": {"auth": "dTpw"}}', "under auths"),
    ],
)
def test_no_kubelet_finds_a_credential(loaded: Loader, value: str, says: str) -> None:
    head = HEAD + "type: kubernetes.io/dockerconfigjson\n"
    (warning,) = loaded(manifest(".dockerconfigjson", value, head)).diagnostics
    assert warning.code == "registry-no-credential"
    assert says in f"{warning.message}; {warning.hint}"


@pytest.mark.parametrize(
    "value",
    ['{"Auths": {"r": {"Username": "u", "Password": "p"}}}', '{"auths": {"r": {"auth": "dTpw"}}}'],
)
def test_a_kubelet_finds_a_credential(loaded: Loader, value: str) -> None:
    head = HEAD + "type: kubernetes.io/dockerconfigjson\n"
    assert codes(loaded(manifest(".dockerconfigjson", value, head))) == []


@pytest.mark.parametrize("key", [".dockerconfigjson", ".dockercfg"])
def test_registry_accounts_of_another_type(loaded: Loader, key: str) -> None:
    value = '{"auths": {"r": {"auth": "dTpw"}}}'
    for head in (HEAD, HEAD + "type: example.com/registry\n"):
        (warning,) = loaded(manifest(key, value, head)).diagnostics
        assert warning.code == "registry-no-credential"
        assert f"kubernetes.io/{key[1:]}" in warning.hint


def test_accounts_in_the_format_of_the_other_type(loaded: Loader) -> None:
    head = HEAD + "type: kubernetes.io/dockercfg\n"
    (warning,) = loaded(
        manifest(".dockercfg", '{"auths": {"r": {"auth": "dTpw"}}}', head)
    ).diagnostics
    assert warning.code == "registry-no-credential"
    assert "dockerconfigjson" in warning.hint


@pytest.mark.parametrize(
    ("type_", "meant"),
    [
        ("opaque", "Opaque"),
        ("kubernetes.io/TLS", "kubernetes.io/tls"),
        ("kubernetes.io/dockerConfigJson", "kubernetes.io/dockerconfigjson"),
        ("Kubernetes.io/ssh-auth", "kubernetes.io/ssh-auth"),
        ("bootstrap.kubernetes.io/Token", "bootstrap.kubernetes.io/token"),
    ],
)
def test_a_type_that_differs_in_case_alone(loaded: Loader, type_: str, meant: str) -> None:
    (warning,) = loaded(f"{HEAD}type: {type_}\nstringData: {{a: b}}\n").diagnostics
    assert (warning.code, warning.field) == ("type-misspelt", "type")
    assert warning.hint == f"write {meant}"
    assert codes(loaded(f"{HEAD}type: example.com/opaque\nstringData: {{a: b}}\n")) == []


@pytest.mark.parametrize(
    ("type_", "data", "told"),
    [
        ("helm.sh/release.v1", "release: H4sIAAAA", "leave it to Helm"),
        ("kubernetes.io/service-account-token", "token: ZXlK", "declare it without data"),
        ("kubernetes.io/service-account-token", "extra: ZXlK", ""),
        ("bootstrap.kubernetes.io/token", "token-id: YWJjZGVm", ""),
        ("example.com/release.v1", "release: H4sIAAAA", ""),
    ],
)
def test_a_secret_that_a_program_makes_for_itself(
    loaded: Loader, type_: str, data: str, told: str
) -> None:
    text = f"{HEAD}type: {type_}\ndata: {{{data}}}\n"
    text = text.replace(
        "{name: a", "{annotations: {kubernetes.io/service-account.name: r}, name: a"
    )
    warnings = [item for item in loaded(text).diagnostics if item.code == "type-of-program"]
    assert len(warnings) == bool(told)
    assert all(item.field == "type" and told in item.hint for item in warnings)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["registry-vpc.cn-beijing.aliyuncs.com", "registry.cn-beijing.aliyuncs.com"], []),
        (["https://registry-vpc.cn-a.aliyuncs.com/v2/", "registry.cn-a.aliyuncs.com"], []),
        (["shop-registry-vpc.cn-a.cr.aliyuncs.com", "shop-registry.cn-a.cr.aliyuncs.com"], []),
        (["registry.example", "docker.io", "registry.aliyuncs.com.example"], []),
        (["registry-vpc.cn-beijing.aliyuncs.com"], ["internal"]),
        (["registry.example", "registry.cn-beijing.aliyuncs.com"], ["public"]),
        (["registry-vpc.cn-a.aliyuncs.com", "registry.cn-b.aliyuncs.com"], ["internal", "public"]),
        (["a-registry-vpc.cn-a.cr.aliyuncs.com", "b-registry.cn-a.cr.aliyuncs.com"], ["internal"]),
    ],
)
def test_a_registry_of_two_domains_is_there_with_both(
    loaded: Loader, names: list[str], told: list[str]
) -> None:
    auths = {name: {"username": "u", "password": "p"} for name in names}
    head = HEAD + "type: kubernetes.io/dockerconfigjson\n"
    found = loaded(manifest(".dockerconfigjson", json.dumps({"auths": auths}), head))
    assert set(codes(found)) <= {"registry-one-domain"}
    texts = [item.message for item in found.diagnostics]
    assert all(f"under its {domain} domain only" in "".join(texts) for domain in told)
    assert bool(texts) is bool(told)
    assert not [name for name in names if name in "".join(texts)]


def test_each_registry_is_told_by_its_number(loaded: Loader) -> None:
    auths = {"good.example": {"auth": b64("u:p")}, "canary.example": {"auth": b64("none")}}
    head = HEAD + "type: kubernetes.io/dockerconfigjson\n"
    text = manifest(".dockerconfigjson", json.dumps({"auths": auths}), head)
    (warning,) = loaded(text).diagnostics
    assert "registry 2" in warning.message
    assert "canary" not in repr(warning)


LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def annotated(name: str, text: str, key: str = "password", value: str = "not-real-4711") -> str:
    annotations = f"  annotations:\n    {json.dumps(name)}: {json.dumps(text)}\n"
    return manifest(key, value, HEAD + annotations)


@pytest.mark.parametrize(
    "name", [LAST_APPLIED, "kapp.k14s.io/original", "kapp.k14s.io/original-diff"]
)
def test_copies_by_other_tools(loaded: Loader, name: str) -> None:
    (warning,) = loaded(
        annotated(name, '{"stringData": {"password": "not-real-4711"}}')
    ).diagnostics
    assert (warning.code, str(warning.source)) == (
        "annotation-last-applied",
        "f.yaml:6:" + str(len(name) + 9),
    )
    assert warning.field == f"metadata.annotations[{name}]"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("it is not-real-4711, or so", "any", "not-real-4711"),
        ("it is not-real-4711, or so", "any", "not-real-4711\nx".removesuffix("x")),
        (b64("not-real-4711"), "any", "not-real-4711"),
        ("the word is sesame", "password", "sesame"),
    ],
)
def test_annotations_that_repeat_a_value(loaded: Loader, text: str, key: str, value: str) -> None:
    (warning,) = loaded(annotated("note", text, key, value)).diagnostics
    assert (warning.code, str(warning.source)) == ("annotation-repeats-value", "f.yaml:6:13")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("rotated yearly", "password", "not-real-4711"),
        ("", "password", "not-real-4711"),
        ("the one of abc12", "password", "abc12"),  # too short to tell
        ("for storefront-2", "username", "storefront-2"),
        ("https://shop.example/", "BASE_URL", "https://shop.example/"),
        ("in production", "profile", "production"),  # a word that is no secret
    ],
)
def test_annotations_that_repeat_nothing(loaded: Loader, text: str, key: str, value: str) -> None:
    assert codes(loaded(annotated("note", text, key, value))) == []


def test_only_secrets_are_looked_at(loaded: Loader) -> None:
    text = HEAD.replace("Secret", "Namespace") + f"  annotations: {{{LAST_APPLIED}: x}}\n"
    assert codes(loaded(text)) == []


CANARY = "kanarienvogel"
LEAKS = [
    ("value-encoded-twice", manifest("a", b64(f"not a real {CANARY}"))),
    ("value-whitespace", manifest("password", f"{CANARY}\n")),
    ("value-placeholder", manifest("a", f"<{CANARY}>")),
    ("value-placeholder", manifest("a", f"${{{CANARY}}}")),
    ("data-overridden", f"{HEAD}data: {{a: {b64(CANARY)}}}\nstringData: {{a: {CANARY}2}}\n"),
    ("registry-auth-mismatch", account(password=CANARY, auth=b64(f"{CANARY}:2"))),
    (
        "registry-one-domain",
        manifest(
            ".dockerconfigjson",
            json.dumps(
                {"auths": {f"{CANARY.lower()}-registry.cn-a.cr.aliyuncs.com": {"password": CANARY}}}
            ),
            HEAD + "type: kubernetes.io/dockerconfigjson\n",
        ),
    ),
    ("annotation-last-applied", annotated(LAST_APPLIED, CANARY, "a", CANARY)),
    ("annotation-repeats-value", annotated("note", f"{CANARY}4", "a", f"{CANARY}4")),
    ("pem-unreadable", manifest("a", f"-----BEGIN PRIVATE KEY----- {CANARY}")),
    ("pem-unreadable", manifest("a", f"-----BEGIN CERTIFICATE-----\n{CANARY}\n")),
]


@pytest.mark.parametrize(("code", "text"), LEAKS)
def test_no_warning_holds_a_value(loaded: Loader, code: str, text: str) -> None:
    found = loaded(text)
    assert code in codes(found)
    told = " ".join(repr(item) + str(item) for item in found.diagnostics)
    for form in (CANARY, b64(CANARY)[:12], CANARY.encode().hex(), f"{len(CANARY)}"):
        assert form not in re.sub(r"line=\d+, column=\d+", "", told)


def test_what_becomes_an_error_is_not_used(loaded: Loader) -> None:
    loaded(manifest("a", "changeme"))
    found = load("f.yaml", lints=LintSettings(strict=True))
    assert [item.code for item in found.errors] == ["value-placeholder"]
    assert found.objects == ()
    levels = {"value-placeholder": OFF}
    found = load("f.yaml", lints=LintSettings(strict=True, levels=levels))
    assert (found.diagnostics, len(found.objects)) == ((), 1)


def test_an_object_with_a_warning_made_an_error_still_holds_its_name(loaded: Loader) -> None:
    text = manifest("a", "changeme")
    loaded(f"{text}---\n{text}")
    strict = load("f.yaml", lints=LintSettings(strict=True))
    assert [item.code for item in strict.errors].count("object-duplicate") == 1
    assert strict.objects == ()


def test_every_warning_of_the_page_can_be_set() -> None:
    text = PAGE.read_text(encoding="utf-8")
    lints = text.split("## Lints", 1)[1].split("## ", 1)[0]
    named = re.findall(r"^\| `([a-z-]+)` \(warning\)", text, re.MULTILINE)
    assert {*named, *re.findall(r"^\| `([a-z-]+)`", lints, re.MULTILINE)} == LINTS


@pytest.mark.parametrize("written", ["!x", "&x", "!", "!x  # it", "&p4ss", "!!x"])
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_a_value_that_yaml_takes_for_a_tag_or_an_anchor(
    loaded: Loader, field: str, written: str
) -> None:
    found = loaded(f"{HEAD}{field}:\n  password: {written}\n  user: aWQ=\n")
    assert codes(found) == ["value-lost"]
    assert found.objects[0].data["password"].reveal() == b""
    assert (found.diagnostics[0].source.line, found.diagnostics[0].source.column) == (6, 13)


def test_a_tag_without_a_value_in_a_flow(loaded: Loader) -> None:
    assert codes(loaded(HEAD + "stringData: {password: !x, user: &y }\n")) == ["value-lost"] * 2


@pytest.mark.parametrize("written", ['"!x"', "'!x'", "!x y", "!!str x", "&a\n    x"])
def test_a_value_that_is_there_on_purpose(loaded: Loader, written: str) -> None:
    assert codes(loaded(f"{HEAD}stringData:\n  password: {written}\n")) == []


@pytest.mark.parametrize("written", ['""', "", "null", "~", '!!str ""'])
@pytest.mark.parametrize("field", ["data", "stringData"])
@pytest.mark.parametrize("key", ["password", "token", "DB_PASSWORD", "api-key", "clientSecret"])
def test_an_empty_credential(loaded: Loader, field: str, key: str, written: str) -> None:
    assert codes(loaded(f"{HEAD}{field}:\n  {key}: {written}\n")) == ["value-empty"]
    assert codes(loaded(f"{HEAD}{field}:\n  note: {written}\n")) == []


@pytest.mark.parametrize(
    "annotation", ["reconciler/ignore-keys: password", "reconciler/create-only: 'true'"]
)
def test_an_empty_credential_that_something_else_fills_in(loaded: Loader, annotation: str) -> None:
    head = f"{HEAD}  annotations:\n    {annotation}\n"
    assert codes(loaded(f"{head}stringData:\n  password: ''\n")) == []


def test_an_empty_value_that_is_overridden(loaded: Loader) -> None:
    text = f"{HEAD}data:\n  password: ''\nstringData:\n  password: not-a-real-one\n"
    assert codes(loaded(text)) == ["data-overridden"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("motd", "hello\r\n"),
        ("region", "eu-1\r"),
        ("app.conf", "a=1\rb=2"),
        ("htpasswd", "a:not-real\r\nb:not-real\r\n"),
        ("users", "a:$apr1$x$y\r\nb:$apr1$x$y\r\n"),
        ("auth", "a:{SHA}eA==\r\nb:{SHA}eA==\r\n"),
        ("auth", "a:$2y$05$not-real\r\n"),
        ("run.sh", "#!/bin/sh\r\nexit 0\r\n"),
        ("ssh", PEM_TEXT.replace("PRIVATE", "OPENSSH PRIVATE").replace("\n", "\r\n")),
    ],
)
def test_carriage_returns(loaded: Loader, key: str, value: str) -> None:
    assert codes(loaded(manifest(key, value))) == ["value-carriage-return"]
    assert codes(loaded(manifest(key, value.encode()))) == ["value-carriage-return"]
    assert codes(loaded(manifest(key, value.replace("\r", "")))) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("app.ini", "a = 1\r\nb = 2\r\n"),
        ("a.json", '{"a": 1}\r\n'),
        ("tls.pem", PEM_TEXT.replace("\n", "\r\n")),
        ("blob", b"\x00\r\n\xff"),
    ],
)
def test_carriage_returns_that_do_no_harm(loaded: Loader, key: str, value: str | bytes) -> None:
    assert codes(loaded(manifest(key, value))) == []


def ignoring(codes: str, head: str = HEAD) -> str:
    return f"{head}  annotations:\n    reconciler/lint-ignore: {json.dumps(codes)}\n"


@pytest.mark.parametrize(
    "names", ["value-placeholder", "value-empty,value-placeholder", " value-placeholder , "]
)
def test_a_lint_that_an_object_is_not_for(loaded: Loader, names: str) -> None:
    text = manifest("any", "changeme", ignoring(names))
    assert codes(loaded(text)) == []
    other = manifest("any", "changeme", HEAD.replace(": a", ": b"))
    found = loaded(f"{text}---\n{other}")
    assert [item.object for item in found.diagnostics] == ["Secret/default/b"]
    loaded(text)
    assert load("f.yaml", lints=LintSettings(strict=True)).diagnostics == ()


def test_a_lint_that_another_one_does_not_silence(loaded: Loader) -> None:
    assert codes(loaded(manifest("any", "changeme", ignoring("value-empty")))) == [
        "value-placeholder"
    ]


def test_no_error_can_be_ignored(loaded: Loader) -> None:
    text = manifest("any", "ENC[AES256_GCM,data:x,iv:y]", ignoring("sops-encrypted"))
    found = loaded(text)
    assert {item.code for item in found.errors} == {"sops-encrypted"}


@pytest.mark.parametrize(
    ("kind", "names", "says"),
    [
        ("Secret", "value-placeholders", "did you mean 'value-placeholder'"),
        ("Secret", "value-empty, nonsense", "docs/diagnostics.md"),
        ("Namespace", "nonsense", "docs/diagnostics.md"),
        ("Secret", "\u001b[31m", "docs/diagnostics.md"),
    ],
)
def test_lints_that_do_not_exist(loaded: Loader, kind: str, names: str, says: str) -> None:
    (warning,) = loaded(ignoring(names, HEAD.replace("Secret", kind))).diagnostics
    assert (warning.code, warning.source.line) == ("lint-ignore-unknown", 6)
    assert warning.field == "metadata.annotations[reconciler/lint-ignore]"
    assert says in warning.hint
    assert "\x1b" not in warning.message


def test_lints_for_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "fixtures/b.yaml", "fixtures/deep/c.yaml", "d.sample.yaml"):
        file = tmp_path / "manifests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(manifest("any", "changeme", HEAD.replace(": a", f": {name[-6]}")))

    def files(root: str, **paths: str) -> list[str]:
        levels = {pattern.replace("__", "/"): {"value-placeholder": OFF} for pattern in paths}
        settings = LintSettings(paths=levels, root=root)
        found = load("manifests", lints=settings)
        return [item.source.file.removeprefix("manifests/") for item in found.diagnostics]

    everything = ["a.yaml", "d.sample.yaml", "fixtures/b.yaml", "fixtures/deep/c.yaml"]
    assert files(".") == everything
    assert files(".", fixtures__="") == ["a.yaml", "d.sample.yaml"]
    assert files(".", manifests__fixtures__deep="") == everything[:3]
    assert files("manifests", __fixtures="") == ["a.yaml", "d.sample.yaml"]
    assert files(".", __fixtures="") == everything
    assert files("elsewhere", manifests="") == everything
    assert files(".", **{"*.sample.yaml": ""}) == [everything[0], *everything[2:]]


def test_the_last_path_counts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(manifest("any", "changeme"))
    paths: dict[str, dict[str, Level]] = {
        "*.yaml": {"value-placeholder": OFF},
        "a.*": {"value-placeholder": Severity.ERROR},
    }
    found = load(tmp_path, lints=LintSettings(paths=paths, root=str(tmp_path)))
    assert [item.severity for item in found.diagnostics] == [Severity.ERROR]
