"""Every code of the loader, with the place that it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import reconciler.inputs
import reconciler.manifests
from reconciler.manifests import Loaded, parse_document
from reconciler.model.objects import Severity
from reconciler.workflow import load

ROOMS = [Path(str(room.__file__)).parent for room in (reconciler.inputs, reconciler.manifests)]
PAGE = Path(__file__).parents[3] / "docs" / "diagnostics.md"

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"

# Text, code, line:column, field, what the message or hint must say.
CASES = [
    (HEAD + "data:\n  a: b: c\n", "yaml-invalid", "6:7", "", "mapping values"),
    (HEAD + "data:\n  a: 'b\n", "yaml-invalid", "6:6", "", "close the quote"),
    (HEAD + "data:\n\ta: b\n", "yaml-invalid", "6:1", "", "indent with spaces: this is a tab"),
    (HEAD + "data:\n  a: @b\n", "yaml-invalid", "6:6", "", "none can begin with @ without"),
    (HEAD + "data:\n  a: %b\n", "yaml-invalid", "6:6", "", "none can begin with % without"),
    ("```yaml\n" + HEAD + "```\n", "yaml-invalid", "1:1", "", "remove the lines ```"),
    (HEAD + "data:\n  a: {b\n", "yaml-invalid", "7:1", "", "close the {"),
    (HEAD + "data:\n  a: [b\n", "yaml-invalid", "7:1", "", "close the ["),
    (
        HEAD + "<<<<<<< HEAD\ndata: {a: Yg==}\n=======\ndata: {a: Yw==}\n>>>>>>> other\n",
        *("yaml-invalid", "5:1", "", "a merge conflict of Git begins here"),
    ),
    (HEAD + "\u00a0 type: Opaque\n", "field-unknown", "5:1", "", "such as a no-break space"),
    ("// a comment\n" + HEAD, "yaml-invalid", "2:11", "", "mapping values"),
    ("- a\n- b\n", "not-an-object", "1:1", "", "a document of its own"),
    ("// {}\n", "not-an-object", "1:1", "", "remove the comments"),
    (HEAD + "type: \x01\n", "yaml-invalid", "5:7", "", "control characters"),
    (HEAD + "type", "yaml-invalid", "5:5", "", "this line and the one before"),
    (HEAD + "type: a\n" + 'x: "\\ud83d"', "yaml-invalid", "6:7", "", "U0001F600"),
    ("a: {{ b }}c\n", "template-unrendered", "1:4", "", "helm template"),
    ("{{- if .x }}\n" + HEAD + "{{- end }}\n", "template-unrendered", "1:1", "", "rendered"),
    (HEAD + "data:\n  a: {{ .b }}\n", "template-unrendered", "6:3", "", "rendered"),
    (HEAD + "data:\n  a: '{{ .b }}'\n", "template-unrendered", "6:6", "", "rendered"),
    (HEAD + "{{ .a }}: b\n", "template-unrendered", "5:1", "", "rendered"),
    (HEAD.replace(": a", ": a-{{ .b }}"), "template-unrendered", "4:9", "", "rendered"),
    ("{% if x %}\n" + HEAD, "template-unrendered", "1:1", "", "{% statement %}"),
    ("---\n---\n{% raw %}\n" + HEAD, "template-unrendered", "3:1", "", "rendered"),
    (HEAD + "data:\n{% for k in x %}\n  a: b\n", "template-unrendered", "6:1", "", "rendered"),
    ("{# a comment #}\n" + HEAD, "template-unrendered", "1:1", "", "{# comment #}"),
    (HEAD + "stringData:\n  <%= x %>: '\n", "template-unrendered", "6:3", "", "<% tag %>"),
    (HEAD.replace(": a", ": a-${B}"), "template-unrendered", "4:9", "", "envsubst"),
    (HEAD + "immutable: ${A:=true}\n", "template-unrendered", "5:12", "", "flux build"),
    (HEAD + "data: {a: '${B}'}\n", "template-unrendered", "5:11", "", "${variable}"),
    (HEAD + "data: [${B}]\n", "template-unrendered", "5:8", "", "${variable}"),
    (HEAD + "stringData:\n  ${B}\n", "template-unrendered", "6:3", "", "${variable}"),
    (HEAD + "${B}: c\n", "template-unrendered", "5:1", "", "${variable}"),
    ("apiVersion: v1\nkind: ${B}\n", "template-unrendered", "2:7", "", "${variable}"),
    ("---apiVersion: v1\nkind: Secret\n", "separator-missing", "1:1", "", "line of its own"),
    (HEAD + "---" + HEAD, "separator-missing", "5:1", "", "does not stand alone"),
    ("--- {a: b}\n", "separator-missing", "1:1", "", "line of its own"),
    (HEAD + "----\n" + HEAD, "separator-missing", "5:1", "", "line of its own"),
    (HEAD + "---# a\n", "separator-missing", "5:1", "", "line of its own"),
    (HEAD + HEAD, "separator-missing", "5:1", "", "is missing here"),
    ("%YAML 1.2\n", "yaml-invalid", "2:1", "", "remove directives"),
    (
        "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: SecretList}]\n",
        *("list-nested", "3:9", "", "outer one"),
    ),
    (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        *("input-unbuilt", "1:1", "", "kustomize build . | reconciler plan -"),
    ),
    (HEAD + "  generation: -1\n", "type-wrong", "5:15", "metadata.generation", "negative"),
    (
        HEAD + "  creationTimestamp: ''\n",
        "type-wrong",
        "5:22",
        "metadata.creationTimestamp",
        "null",
    ),
    (HEAD + "data: {a: 'ENC[AES256_GCM,data:x]'}\n", "sops-encrypted", "5:11", "", "whole file"),
    (HEAD + "stringData: {a: 'ENC[AES256_GCM,x]'}", "sops-encrypted", "5:17", "", "whole file"),
    ("a: " + "[" * 101, "nesting-too-deep", "1:103", "", "100 deep"),
    ("a: *b\n", "alias-invalid", "1:4", "", "begins with *"),
    ("a: &b\n  c: [*b]\n", "alias-invalid", "2:7", "", "contains itself"),
    ("a: !!int b\n", "tag-invalid", "1:4", "", "begins with !"),
    ("- a\n", "not-an-object", "1:1", "", "a map with apiVersion"),
    ("just text\n", "not-an-object", "1:1", "", "a map with apiVersion"),
    ("# c\nkind: Secret\n", "api-version-missing", "2:1", "", "apiVersion: v1"),
    ("apiVersion: apps/v1\nkind: Secret\n", "api-version-wrong", "1:13", "apiVersion", "v1"),
    ("apiVersion: v2\nkind: List\n", "api-version-wrong", "1:13", "apiVersion", "v1"),
    ("kind: Secret\napiVersion: v2\n", "api-version-wrong", "2:13", "apiVersion", "v1"),
    ("apiVersion: v1\n", "kind-missing", "1:1", "", "ServiceAccount"),
    ("apiVersion: v1\nkind: secret\n", "kind-invalid", "2:7", "kind", "'Secret'"),
    ("apiVersion: v1\nkind: Sercet\n", "kind-invalid", "2:7", "kind", "'Secret'"),
    ("apiVersion: v1\nkind: secretList\n", "kind-invalid", "2:7", "kind", "'SecretList'"),
    ("apiVersion: v1\nkind: a b\n", "kind-invalid", "2:7", "kind", "cannot be a kind"),
    (HEAD + "type: a\ntype: b\n", "key-duplicate", "6:1", "type", "line 5"),
    (HEAD + "data: {1: '', '1': ''}\n", "key-duplicate", "5:15", "data[1]", "line 5"),
    (HEAD + "data:\n  ~: ''\n", "key-invalid", "6:3", "data", "quotes"),
    (HEAD + "data:\n  <<: 1\n", "merge-invalid", "6:7", "data", "only maps"),
    (HEAD + "stringdata: {}\n", "field-unknown", "5:1", "stringdata", "'stringData'"),
    (HEAD + "  finalizer: []\n", "field-unknown", "5:3", "metadata.finalizer", "'finalizers'"),
    (HEAD + "  uid: b\n", "field-read-only", "5:8", "metadata.uid", "exported"),
    (HEAD + "  generation: '1'\n", "type-wrong", "5:15", "metadata.generation", "whole number"),
    (HEAD + "  managedFields: 1\n", "type-wrong", "5:18", "metadata.managedFields", "a list"),
    (HEAD + "  selfLink: b\n", "field-read-only", "5:13", "metadata.selfLink", "server"),
    (HEAD + "stringData:\n  a: 1\n", "type-wrong", "6:6", "stringData[a]", "in quotes"),
    (HEAD + "data: {a: true}\n", "type-wrong", "5:11", "data[a]", "not a bool"),
    (HEAD + "data: {a: .inf}\n", "type-wrong", "5:11", "data[a]", "not a number"),
    (HEAD + "data: []\n", "type-wrong", "5:1", "data", "a map, not a list"),
    (HEAD + "immutable: 'yes'\n", "type-wrong", "5:12", "immutable", "remove the quotes"),
    (HEAD + "  labels: {a: {}}\n", "type-wrong", "5:12", "metadata.labels[a]", "not a map"),
    (HEAD + "  finalizers: a\n", "type-wrong", "5:15", "metadata.finalizers", "a list"),
    (HEAD + "data: {a: YQ}\n", "base64-invalid", "5:11", "data[a]", "stringData"),
    (HEAD + "---\n" + HEAD, "object-duplicate", "6:1", "", "f.yaml:1"),
    (HEAD.replace(": a", ": A"), "name-invalid", "4:9", "metadata.name", "lower-case"),
    (HEAD.replace("  name: a\n", "  labels: {}\n"), "name-missing", "3:1", "metadata.name", ""),
    (HEAD + "type: kubernetes.io/ssh-auth\n", "required-key-missing", "1:1", None, ""),
    (HEAD + "stringData: {a/b: c}\n", "data-key-invalid", "5:14", "stringData", "comma in quotes"),
]


@pytest.mark.parametrize(("text", "code", "place", "field", "says"), CASES)
def test_an_error_says_where_it_is(  # noqa: PLR0917 - pytest gives them by name
    loaded: Callable[[str], Loaded], text: str, code: str, place: str, field: str | None, says: str
) -> None:
    found = loaded(text)
    told = [item for item in found.diagnostics if item.code == code]
    assert [str(item.source) for item in told] == [f"f.yaml:{place}"]
    assert {item.severity for item in found.diagnostics} == {Severity.ERROR}
    assert field is None or told[0].field == field
    assert says in told[0].message + told[0].hint
    assert len(found.objects) == (code == "object-duplicate")


def test_a_merge_key_that_overrides_is_a_warning_and_no_more(
    loaded: Callable[[str], Loaded],
) -> None:
    found = loaded(HEAD + "stringData:\n  a: b\n  <<: {a: c}\n")
    (warning,) = found.diagnostics
    assert (warning.code, str(warning.source)) == ("merge-override", "f.yaml:7:3")
    assert warning.severity is Severity.WARNING
    assert found.errors == ()
    assert found.objects[0].data["a"].reveal() == b"c"


RENAMED = [
    ("NO", "false"),
    ("on", "true"),
    ("Y", "true"),
    ("True", "true"),
    ("0123", "83"),
    ("0x10", "16"),
    ("1e3", "1000"),
    ("1.10", "1.1"),
    ("1_000", "1000"),
    ("+1", "1"),
    (".INF", ".inf"),
]


@pytest.mark.parametrize(("written", "name"), RENAMED)
def test_a_key_that_yaml_renames(loaded: Callable[[str], Loaded], written: str, name: str) -> None:
    for text in (f"stringData:\n  {written}: x\n", f"stringData: {{{written}: x}}\n"):
        found = loaded(HEAD + text)
        (warning,) = found.diagnostics
        assert (warning.code, warning.severity) == ("key-renamed", Severity.WARNING)
        assert f"the key {written} as {name}" in warning.message
        assert f'"{written}"' in warning.hint
        assert warning.field == f"stringData[{name}]"
        assert [*found.objects[0].data] == [name]
    quoted = loaded(f'{HEAD}  annotations:\n    "a{written}": x\n    "{name}": x\n')
    assert "key-renamed" not in [item.code for item in quoted.diagnostics]


@pytest.mark.parametrize("key", ["1", "8080", "-5", "1.5", "true", "false", "nope", "1.2.3"])
def test_a_key_that_stays_what_was_written(loaded: Callable[[str], Loaded], key: str) -> None:
    assert loaded(f"{HEAD}stringData:\n  {key}: x\n").diagnostics == ()


def test_half_a_value_is_no_key_to_tell_of(loaded: Callable[[str], Loaded]) -> None:
    assert "0123" not in repr(loaded(HEAD + "stringData: {pin: a,0123, x: y}\n").diagnostics)


def test_a_renamed_key_is_told_once(loaded: Callable[[str], Loaded]) -> None:
    text = "  annotations: &a\n    on: x\n  labels:\n    <<: *a\n"
    found = loaded(HEAD + text)
    assert [item.code for item in found.diagnostics] == ["key-renamed"]


def test_duplicates_are_told_by_what_was_written(loaded: Callable[[str], Loaded]) -> None:
    (error,) = loaded(HEAD + "stringData:\n  Y: x\n  on: x\n").errors
    assert (error.code, error.source.line) == ("key-duplicate", 7)
    assert "this key, on, and Y on line 6 as true" in error.message
    assert "quotes" in error.hint
    (error,) = loaded(HEAD + "stringData:\n  on: x\n  on: x\n").errors
    assert "already used on line 6" in error.message


def test_what_a_config_map_calls_data(loaded: Callable[[str], Loaded]) -> None:
    (error,) = loaded(HEAD + "binaryData: {a: YQ==}\n").errors
    assert (error.code, error.hint) == ("field-unknown", "did you mean 'data'?")


def test_aliases_are_bounded(loaded: Callable[[str], Loaded]) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    (error,) = loaded(bomb).diagnostics
    assert (error.code, error.source.line) == ("alias-expansion", 7)
    long_text = f"a: &a {'x' * 1_000_000}\nb: [*a, *a, *a, *a]\n"
    (error,) = loaded(long_text).diagnostics
    assert (error.code, str(error.source)) == ("alias-expansion", "f.yaml:2:17")


def test_aliases_count_towards_depth(loaded: Callable[[str], Loaded]) -> None:
    chain = "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 120))
    (error,) = loaded(chain).diagnostics
    assert error.code == "nesting-too-deep"
    assert error.source.line == 100


def test_an_object_has_at_most_3_mib(loaded: Callable[[str], Loaded]) -> None:
    large = HEAD.replace("name: a", "name: large") + f"# {'é' * 1_600_000}\n"
    found = loaded(HEAD + "---\n" + large)
    (error,) = found.diagnostics
    assert (error.code, str(error.source)) == ("document-too-large", "f.yaml:6:1")
    assert [item.name for item in found.objects] == ["a"]


def test_a_list_is_measured_by_item(loaded: Callable[[str], Loaded]) -> None:
    item = "- {metadata: {name: %s}} # " + "x" * 1_500_000 + "\n"
    head = "apiVersion: v1\nkind: SecretList\nitems:\n"
    found = loaded(head + "".join(item % name for name in "abc"))
    assert [item.name for item in found.objects] == ["a", "b", "c"]
    found = loaded(head + item % "a" + item % "b" + "# " + "x" * 3_000_000)
    assert [item.name for item in found.objects] == ["a"]
    assert [str(item.source) for item in found.diagnostics] == ["f.yaml:5:3"]


def test_a_document_has_a_bounded_number_of_parts(
    loaded: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.manifests.yaml.MAX_EVENTS", 50)
    found = loaded(HEAD + "---\na: [" + "b, " * 60 + "]\n")
    assert [(item.code, str(item.source)) for item in found.diagnostics] == [
        ("document-too-large", "f.yaml:6:1")
    ]
    assert len(found.objects) == 1


def test_a_json_file_must_be_json(loaded: Callable[[str, str], Loaded]) -> None:
    (error,) = loaded('{"kind":\n\t[1,]}', "f.json").diagnostics
    assert (error.code, str(error.source)) == ("json-invalid", "f.json:2:5")


def test_all_errors_of_a_file_are_told_in_order(loaded: Callable[[str], Loaded]) -> None:
    found = loaded(
        HEAD.replace(": a", ": A")
        + "immutable: 1\ndata: {a: '*'}\nx: y\n---\na: b: c\n---\nkind: Secret\n---\n"
        + HEAD
    )
    assert [(item.code, item.source.line) for item in found.diagnostics] == [
        ("name-invalid", 4),
        ("type-wrong", 5),
        ("base64-invalid", 6),
        ("field-unknown", 7),
        ("yaml-invalid", 9),
        ("api-version-missing", 11),
    ]
    assert {item.object for item in found.diagnostics[:4]} == {"Secret/default/A"}
    assert [item.source.document for item in found.objects] == [3]


def test_one_wrong_field_is_told_once(loaded: Callable[[str], Loaded]) -> None:
    tls = "type: kubernetes.io/tls\ndata: {tls.crt: '*'}\nstringData: {tls.key: 1}\n"
    found = loaded(HEAD.replace(": a", ": 1") + tls)
    assert [item.code for item in found.diagnostics] == [
        "type-wrong",
        "base64-invalid",
        "type-wrong",
    ]


@pytest.mark.parametrize(
    ("extra", "kept"),
    [
        ("data: {tls.crt: YQ==, ~: ''}\n", "required-key-missing"),
        ("  ? [a]\n  : b\n", "name-invalid"),
        ("  'no field!': b\n", "name-invalid"),
    ],
)
def test_a_key_that_can_be_none_hides_nothing_beside_it(
    loaded: Callable[[str], Loaded], extra: str, kept: str
) -> None:
    found = loaded(HEAD.replace(": a", ": A") + extra + "type: kubernetes.io/tls\n")
    codes = {item.code for item in found.diagnostics}
    assert codes >= {kept, "name-invalid", "required-key-missing"}


@pytest.mark.parametrize(
    ("extra", "codes"),
    [
        ("  finalizers: [orphan, 1, foregroundDeletion]\n", ["finalizers-conflict", "type-wrong"]),
        (
            "  annotations: {m: 1, a: " + "x" * 262_145 + "}\n",
            ["annotations-too-large", "type-wrong"],
        ),
        ("stringData: {m: 1, a: " + "x" * 1_048_577 + "}\n", ["data-too-large", "type-wrong"]),
        ("type: kubernetes.io/basic-auth\ndata: {username: '?'}\n", ["base64-invalid"]),
        (
            "type: kubernetes.io/dockercfg\ndata:\n  .dockercfg: !\n",
            ["value-lost", "dockercfg-invalid"],
        ),
    ],
)
def test_a_wrong_part_hides_nothing_that_is_wrong_without_it(
    loaded: Callable[[str], Loaded], extra: str, codes: list[str]
) -> None:
    assert [item.code for item in loaded(HEAD + extra).diagnostics] == codes


def test_every_code_is_explained_and_tested() -> None:
    """Encodings and HTTP headers look like codes, so they are left out by hand."""
    words = {
        word
        for room in ROOMS
        for source in room.rglob("*.py")
        for word in re.findall(r'"([a-z]+(?:-[a-z0-9]+)+)"', source.read_text())
    }
    headers = {"content-type", "grpc-status"}
    codes = {word for word in words - headers if not word.startswith("utf-")}
    page = PAGE.read_text().split("## Loading", 1)[1].split("## Rules", 1)[0]
    assert codes == set(re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE))
    tests = "".join(
        test.read_text()
        for folder in (
            "unit/inputs",
            "unit/manifests",
            "cli",
            "integration/sops",
            "integration/renderers",
        )
        for test in (Path(__file__).parents[2] / folder).glob("test_*.py")
    )
    assert [code for code in sorted(codes) if not re.search(rf"\b{code}\b", tests)] == []


def test_paths_that_do_not_exist(tmp_path: Path) -> None:
    (error,) = load(tmp_path / "none.yaml").diagnostics
    assert error.code == "file-unreadable"
    assert "no such file" in error.message
    assert str(error.source) == f"{tmp_path}/none.yaml:1:1"


def test_a_configuration_is_one_document() -> None:
    placed, diagnostics = parse_document("a: 1\n---\nb: 2\n", "c.yaml")
    assert placed is None
    assert [(item.code, str(item.source)) for item in diagnostics] == [
        ("documents-many", "c.yaml:3:1")
    ]
