from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from reconciler.manifests import Loaded
from reconciler.model.objects import InputYield, ObjectKey, OwnerReference, Source

Loader = Callable[..., Loaded]

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"


def values(found: Loaded) -> dict[str, bytes]:
    assert found.diagnostics == ()
    (secret,) = found.objects
    return {key: value.reveal() for key, value in secret.data.items()}


def said(found: Loaded) -> list[str]:
    return [notice.message for notice in found.notices]


def test_a_whole_secret(loaded: Loader) -> None:
    found = loaded(
        HEAD
        + "  namespace: team\n  labels: {app: web, empty: null}\n  annotations: {note: 'a: b'}\n"
        + "  finalizers: [example.com/hold]\n"
        + "  ownerReferences:\n"
        + "  - {apiVersion: v1, kind: ConfigMap, name: o, uid: u, controller: yes}\n"
        + "type: example.com/own\nimmutable: on\ndata: {a: YQ==}\nstringData: {b: 'ü'}\n"
    )
    (secret,) = found.objects
    assert found.diagnostics == ()
    assert secret.key == ObjectKey("Secret", "team", "a")
    assert secret.labels == {"app": "web", "empty": ""}
    assert secret.annotations == {"note": "a: b"}
    assert secret.finalizers == ("example.com/hold",)
    assert secret.owners == (OwnerReference("v1", "ConfigMap", "o", "u", controller=True),)
    assert (secret.type, secret.immutable) == ("example.com/own", True)
    assert values(found) == {"a": b"a", "b": "ü".encode()}


@pytest.mark.parametrize(
    "unset",
    [
        "type: null\nimmutable: null\ndata: null\nstringData:\n",
        "type: ''\n",
        "  creationTimestamp: null\n  labels:\n  annotations: ~\n  finalizers: null\n",
        "  ownerReferences:\n  generateName:\n  namespace: ''\n  uid: ''\n  resourceVersion: ''\n",
        "  generation: 3\n  deletionGracePeriodSeconds: 30\n",
        "  managedFields: [{manager: kubectl, fieldsV1: {'f:data': {}}}]\n",
        "immutable: no\n",
    ],
)
def test_what_is_unset_or_the_servers_changes_nothing(loaded: Loader, unset: str) -> None:
    plain, other = loaded(HEAD), loaded(HEAD + unset)
    assert other.diagnostics == ()
    assert plain.objects == other.objects
    assert (other.objects[0].type, other.objects[0].immutable) == ("Opaque", False)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("YQ==", b"a"),
        ("YR==", b"a"),  # the last bits are of no byte
        ('"Y\\nQ\\r\\n=="', b"a"),
        ('"YQ==\\n"', b"a"),
        ("|\n    YWJj\n    ZGVm\n", b"abcdef"),
        ("''", b""),
        ("null", b""),
        ("1234", None),
        ("'1234'", b"\xd7\x6d\xf8"),
        ("YQ", None),
        ("YQ=", None),
        ("YQ===", None),
        ("YWJj=", None),
        ("YWJj====", None),
        ("YWJjYQ======", None),
        ("=", None),
        ("Y=Q=", None),
        ("YQ==YQ==", None),
        ("Y Q==", None),
        ('"YQ==\\t"', None),
        (">\n    YWJj\n    ZGVm\n", None),  # folded: a space in the middle
        ("_-8=", None),
        ("Yй==", None),
    ],
)
def test_base64(loaded: Loader, written: str, value: bytes | None) -> None:
    found = loaded(HEAD + f"data:\n  k: {written}\n")
    if value is None:
        code = "type-wrong" if written == "1234" else "base64-invalid"
        assert [item.code for item in found.diagnostics] == [code]
        assert found.objects == ()
    else:
        assert values(found) == {"k": value}


def test_string_data_wins_over_data_that_must_be_base64_all_the_same(loaded: Loader) -> None:
    data = f"data: {{k: {base64.b64encode(b'old').decode()}}}\nstringData: {{k: new, e: null}}\n"
    found = loaded(HEAD + data)
    assert [item.code for item in found.diagnostics] == ["data-overridden"]
    assert {key: value.reveal() for key, value in found.objects[0].data.items()} == {
        "k": b"new",
        "e": b"",
    }
    found = loaded(HEAD + "data: {k: '*'}\nstringData: {k: new}\n")
    assert [str(item.source) for item in found.diagnostics] == ["f.yaml:5:11"]


def test_templates_within_values_are_text(loaded: Loader) -> None:
    text = (
        HEAD
        + "  annotations: {note: '{{ x }}'}\nstringData:\n"
        + "  a: '{{ .a }}'\n  b: \"{{ b }}\"\n  c: |\n    {{- if x }}\n    {{ y }}\n"
        + "  d: x {{ y }}\n"
    )
    assert values(loaded(text)) == {
        "a": b"{{ .a }}",
        "b": b"{{ b }}",
        "c": b"{{- if x }}\n{{ y }}\n",
        "d": b"x {{ y }}",
    }


def test_namespaces(loaded: Loader) -> None:
    text = "apiVersion: v1\nkind: {}\nmetadata:\n  name: a\n"
    found = loaded(
        text.format("Namespace")
        + "spec: {finalizers: [kubernetes]}\nstatus: {phase: Active}\n---\n"
        + text.format("ServiceAccount")
        + "---\n"
        + text.format("Secret")
        + "  namespace: own\n",
        namespace="given",
    )
    assert [str(item.key) for item in found.objects] == [
        "Namespace/a",
        "ServiceAccount/given/a",
        "Secret/own/a",
    ]
    assert [item.type for item in found.objects] == ["", "", "Opaque"]
    assert found.diagnostics == ()
    for wrong, code in [
        ("  namespace: b\n", "namespace-forbidden"),
        ("spec: {x: y}\n", "field-unknown"),
        ("spec: {finalizers: [1]}\n", "type-wrong"),
        ("status: {phases: x}\n", "field-unknown"),
        ("status: x\n", "type-wrong"),
        ("status: {phase: 1}\n", "type-wrong"),
    ]:
        found = loaded(text.format("Namespace") + wrong)
        assert [item.code for item in found.diagnostics] == [code]


def test_service_accounts(loaded: Loader) -> None:
    head = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n"
    (account,) = loaded(
        head
        + "secrets: [{name: s, namespace: null, kind: ''}]\nimagePullSecrets: [{name: p}]\n"
        + "automountServiceAccountToken: no\n"
    ).objects
    assert account.settings == {
        "secrets": [{"name": "s"}],
        "imagePullSecrets": [{"name": "p"}],
        "automountServiceAccountToken": False,
    }
    (bare,) = loaded(head + "secrets: []\nimagePullSecrets:\n").objects
    assert bare.settings == {}
    found = loaded(head + "secrets: [{nam: x}, 1]\ndata: {}\n")
    assert [(item.code, item.field) for item in found.diagnostics] == [
        ("field-unknown", "secrets[0].nam"),
        ("type-wrong", "secrets[1]"),
        ("field-unknown", "data"),
    ]


def test_generated_names(loaded: Loader) -> None:
    text = HEAD.replace("name: a", "generateName: a-")
    (secret,) = loaded(text).objects
    assert (secret.name, secret.generate_name) == ("", "a-")
    found = loaded(text + "---\n" + text + "---\n" + text.replace("a-", "b-"))
    assert [item.generate_name for item in found.objects] == ["a-", "b-"]
    assert [(item.code, item.object) for item in found.diagnostics] == [
        ("object-duplicate", "Secret/default/a-")
    ]


def test_the_first_of_two_is_kept_even_across_files(loaded: Loader) -> None:
    from reconciler.workflow import load

    loaded(HEAD + "stringData: {k: first}\n", "x.yaml")
    loaded(HEAD + "stringData: {k: second}\n", "b.yaml")
    found = load(["x.yaml", "b.yaml"])
    (secret,) = found.objects
    assert secret.data["k"].reveal() == b"first"
    (error,) = found.diagnostics
    assert str(error.source) == "b.yaml:1:1"
    assert "x.yaml:1" in error.message


def test_the_same_name_in_another_namespace_or_kind_is_another_object(loaded: Loader) -> None:
    other = HEAD + "  namespace: b\n"
    found = loaded(f"{HEAD}---\n{other}---\n{HEAD.replace('Secret', 'ServiceAccount')}")
    assert len(found.objects) == 3
    assert found.diagnostics == ()


def test_an_owner_among_the_manifests_needs_no_uid(loaded: Loader) -> None:
    owned = HEAD + "  ownerReferences: [{apiVersion: v1, kind: Secret, name: b}]\n"
    found = loaded(owned + "---\n" + HEAD.replace("name: a", "name: b"))
    assert found.diagnostics == ()
    assert [item.name for item in found.objects] == ["a", "b"]
    for alone in [owned, owned.replace("kind: Secret, n", "kind: ConfigMap, n")]:
        found = loaded(alone)
        assert found.objects == ()
        assert [(item.code, item.field) for item in found.diagnostics] == [
            ("owner-field-missing", "metadata.ownerReferences[0].uid")
        ]
        assert found.diagnostics[0].source.line == 5


def test_an_object_with_errors_still_holds_its_name(loaded: Loader) -> None:
    broken = HEAD + "data: {k: '?'}\n"
    for texts in ([broken, HEAD], [HEAD, broken], [broken, broken]):
        found = loaded("---\n".join(texts))
        (error,) = (item for item in found.diagnostics if item.code == "object-duplicate")
        assert "already declared at f.yaml:1" in error.message
        assert error.source.document == 1
        assert sum(item.code == "base64-invalid" for item in found.diagnostics) == texts.count(
            broken
        )
    nameless = HEAD.replace("name: a", "name: 1")
    found = loaded(nameless + "---\n" + nameless)
    assert [item.code for item in found.diagnostics] == ["type-wrong"] * 2
    template = HEAD.replace("name: a", "name: '{{ .x }}'")
    found = loaded(template + "---\n" + template)
    assert [item.code for item in found.diagnostics] == ["template-unrendered"] * 2
    elsewhere = HEAD + "  namespace: 1\n"
    found = loaded(elsewhere + "---\n" + HEAD)
    assert [item.code for item in found.diagnostics] == ["type-wrong"]
    assert len(found.objects) == 1


def test_an_owner_with_errors_is_not_missing_but_of_no_use(loaded: Loader) -> None:
    owned = HEAD + "  ownerReferences: [{apiVersion: v1, kind: Secret, name: b}]\n"
    found = loaded(owned + "---\n" + HEAD.replace("name: a", "name: b") + "data: {k: '?'}\n")
    assert [item.code for item in found.diagnostics] == ["base64-invalid"]
    assert found.objects == ()


def test_encrypted_items_of_a_list_are_counted(loaded: Loader) -> None:
    item = "- apiVersion: v1\n  kind: Secret\n  metadata: {{name: {}}}\n"
    found = loaded(
        "apiVersion: v1\nkind: List\nitems:\n"
        + item.format("a")
        + "  sops: {mac: x, version: y}\n"
        + item.format("b")
        + "  data: {k: '{{ x }}'}\n"
        + item.format("c")
    )
    assert [(one.code, one.source.item) for one in found.diagnostics] == [
        ("sops-encrypted", 0),
        ("template-unrendered", 1),
    ]
    assert [one.source.item for one in found.objects] == [2]


def test_encrypted_objects_of_other_kinds_are_skipped_as_well(loaded: Loader) -> None:
    found = loaded("apiVersion: isindir.github.com/v1\nkind: SopsSecret\nsops: {mac: x}\n")
    assert found.diagnostics == ()
    assert said(found) == ["skipped 1 object of other kinds: 1 SopsSecret"]
    kind = "ENC[AES256_GCM,data:x]"
    found = loaded(f"apiVersion: v1\nkind: {kind}\nitems: []\nsops: {{mac: x}}\n")
    assert [item.code for item in found.diagnostics] == ["sops-program-missing"]


def test_other_kinds_are_counted_and_skipped(loaded: Loader) -> None:
    other = "apiVersion: {}\nkind: {}\nwhatever: [1]\nwhatever: 2\n---\n"
    found = loaded(
        other.format("v1", "ConfigMap") * 2
        + other.format("apps/v1", "Deployment")
        + other.format("example.com/v1", "Secret")
        + HEAD
    )
    assert len(found.objects) == 1
    assert found.diagnostics == ()
    assert said(found) == [
        "skipped 4 objects of other kinds: 2 ConfigMap, 1 Deployment, 1 Secret.example.com"
    ]
    many = "".join(other.format("v1", f"Kind{number:02}") for number in range(14))
    (notice,) = said(loaded(many + other.format("v1", "Kind13")))
    assert notice.startswith("skipped 15 objects of other kinds: 1 Kind00, 1 Kind01, ")
    assert notice.endswith(", 2 Kind13 and 2 more kinds")
    assert loaded(HEAD).notices == ()
    assert said(loaded(other.format("v1", "Pod"))) == ["skipped 1 object of other kinds: 1 Pod"]


def test_documents_and_items_are_counted(loaded: Loader) -> None:
    found = loaded(
        "# nothing\n---\n---\n# empty\n---\n"
        + HEAD
        + "...\n---\napiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n"
        + "- {apiVersion: v1, kind: ConfigMap}\n"
        + "- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n"
        + "- apiVersion: v1\n  kind: Secret\n"
        + "  metadata: {name: c}\n\n"
        + "- {apiVersion: v1, kind: Namespace, metadata: {name: d}}\n"
        + "---\napiVersion: v1\nkind: ServiceAccountList\nitems:\n- metadata: {name: e}\n"
    )
    assert found.diagnostics == ()
    assert [(str(item.key), item.source) for item in found.objects] == [
        ("Secret/default/a", Source("f.yaml", 6, 1, 2)),
        ("Secret/default/b", Source("f.yaml", 17, 3, 3, 1)),
        ("Secret/default/c", Source("f.yaml", 18, 3, 3, 2)),
        ("Namespace/d", Source("f.yaml", 22, 3, 3, 3)),
        ("ServiceAccount/default/e", Source("f.yaml", 27, 3, 4, 0)),
    ]
    assert said(found) == ["skipped 1 object of other kinds: 1 ConfigMap"]


@pytest.mark.parametrize("items", ["", "items:\n", "items: []\n"])
def test_lists_may_be_empty(loaded: Loader, items: str) -> None:
    nothing = Loaded(files=1, inputs=(InputYield("f.yaml"),))
    assert loaded("apiVersion: v1\nkind: List\n" + items) == nothing


def test_errors_in_lists(loaded: Loader) -> None:
    found = loaded(
        "apiVersion: v1\nkind: List\nitem: []\nitems:\n- 1\n- \n"
        "- {kind: Secret, metadata: {name: a}}\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: B}}\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: c}}\n"
    )
    assert [(item.code, item.source.line, item.source.item) for item in found.diagnostics] == [
        ("field-unknown", 3, None),
        ("not-an-object", 5, 0),
        ("not-an-object", 6, 1),
        ("api-version-missing", 7, 2),
        ("name-invalid", 8, 3),
    ]
    assert [(item.name, item.source.item) for item in found.objects] == [("c", 4)]


def test_a_typed_list_still_knows_what_its_items_say(loaded: Loader) -> None:
    found = loaded(
        "apiVersion: v1\nkind: SecretList\nitems:\n"
        "- {metadata: {name: a}}\n"
        "- {kind: ServiceAccount, metadata: {name: b}}\n"
    )
    assert [str(item.key) for item in found.objects] == [
        "Secret/default/a",
        "ServiceAccount/default/b",
    ]


def test_aliases_have_the_place_where_they_stand(loaded: Loader) -> None:
    found = loaded(HEAD + "  labels: &l {a: 1}\ndata: *l\n")
    assert [(item.field, str(item.source)) for item in found.diagnostics] == [
        ("metadata.labels[a]", "f.yaml:5:18"),
        ("data[a]", "f.yaml:5:18"),
    ]
    found = loaded(HEAD + "type: &t A\nstringData: {k: *t, l: &n 1, m: *n}\n")
    assert [str(item.source) for item in found.diagnostics] == ["f.yaml:6:24", "f.yaml:6:33"]


def test_directives_do_not_disturb_the_documents(loaded: Loader) -> None:
    found = loaded(f"%YAML 1.1\n---\n{HEAD}...\n%YAML 1.1\n---\n{HEAD.replace(': a', ': b')}")
    assert [(item.name, item.source.line) for item in found.objects] == [("a", 3), ("b", 10)]


def test_warnings_keep_nothing_from_being_used(loaded: Loader) -> None:
    found = loaded(HEAD + "type: kubernetes.io/tls\nstringData: {tls.crt: '', tls.key: ''}\n")
    assert [item.code for item in found.diagnostics] == ["tls-pair-unusable"]
    assert str(found.diagnostics[0].source) == "f.yaml:6:23"
    assert found.errors == ()
    assert len(found.objects) == 1


@pytest.mark.parametrize("breaks", ["\x85", "\u2028", "\u2029"])
def test_lines_are_counted_as_editors_count_them(loaded: Loader, breaks: str) -> None:
    head = f"apiVersion: v1  # a{breaks}# b\r\nkind: Secret  # é\nmetadata: {{name: a}}\n"
    text = f"{head}---\n{head}data: {{k: '{breaks}', l: 1}}\n"
    found = loaded(text)
    assert [item.source.line for item in found.diagnostics] == [5, 8, 8]
    assert found.diagnostics[1].source.column == 11
    broken = loaded(f"{head}data: [\n")
    assert broken.diagnostics[0].source.line == 5


def test_a_finalizer_of_a_namespace_needs_a_domain(loaded: Loader) -> None:
    namespace = (
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\nspec: {{finalizers: [{}]}}\n"
    )
    assert loaded(namespace.format("kubernetes, example.com/a")).diagnostics == ()
    (error,) = loaded(namespace.format("kubernetes, cleanup")).diagnostics
    assert (error.code, error.field) == ("finalizer-invalid", "spec.finalizers[1]")


@pytest.mark.parametrize("ending", ["", " ", " # a comment", "\r"])
def test_what_may_stand_behind_a_separator(loaded: Loader, ending: str) -> None:
    other = HEAD.replace("name: a", "name: b")
    found = loaded(f"{HEAD}---{ending}\n{other}")
    assert found.diagnostics == ()
    assert [item.name for item in found.objects] == ["a", "b"]


def test_pem_that_is_not_indented_is_no_separator(loaded: Loader) -> None:
    (error,) = loaded(HEAD + "stringData:\n  a: |\n-----BEGIN KEY-----\nx\n").diagnostics
    assert error.code == "yaml-invalid"


def test_a_key_that_was_written_twice_is_no_missing_separator(loaded: Loader) -> None:
    assert [item.code for item in loaded(HEAD + "kind: Secret\n").diagnostics] == ["key-duplicate"]


def test_a_variable_within_a_value_is_text(loaded: Loader) -> None:
    found = loaded(HEAD + "stringData: {config: 'home = ${HOME} and {% raw %}'}\n")
    assert found.errors == ()
