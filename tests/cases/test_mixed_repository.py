"""See ``mixed-repository/README.md``."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Workplace

SKIPPED = "skipped 2 files that are not manifests: ./docker-compose.yml, ./renovate.json"
BUILT = "kustomize builds 1 kustomization: ./apps/prod"
SPACES = {"plan": ["--create-namespaces"], "validate": []}

pytestmark = pytest.mark.usefixtures("programs")


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_what_is_no_manifest_is_skipped_and_counted(case: Workplace, command: str) -> None:
    shown = case.ok(command, ".", *SPACES[command])
    assert SKIPPED in shown.out
    assert BUILT in shown.out
    document = json.loads(case.ok(command, ".", "-o", "json", *SPACES[command]).out)
    assert [note["code"] for note in document["notices"]][:3] == [
        "kustomizations-built",
        "files-skipped",
        "objects-skipped",
    ]


def test_named_itself_it_is_an_error_whose_hint_names_the_way_out(case: Workplace) -> None:
    result = case.run("validate", "apps/base/values.yaml")
    assert result.code == 1
    assert "api-version-missing" in result.out
    assert "--exclude or .reconcilerignore" in result.out


def test_a_file_with_one_of_the_two_stays_an_error(case: Workplace) -> None:
    case.write("half.yaml", "apiVersion: v1\nmetadata: {name: a}\n")
    result = case.run("validate", ".")
    assert result.code == 1
    assert "./half.yaml:1:1: error[kind-missing]" in result.out


@pytest.mark.parametrize(
    "text",
    [
        "- apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n",
        '["not this", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}]',
        "items:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n",
        "Kind: Secret\napiversion: v1\nmetadata: {name: a}\n",
        "KIND: ServiceAccount\nmetadata: {name: a}\n",
    ],
)
def test_what_was_meant_to_be_objects_is_not_skipped(case: Workplace, text: str) -> None:
    case.write("lost.yaml", text)
    result = case.run("validate", ".")
    assert result.code == 1
    assert "./lost.yaml:1:1: error[" in result.out


@pytest.mark.parametrize(
    "text",
    [
        "- op: replace\n  path: /kind\n  value: Secret\n",
        "- kind: Secret\n  version: v1\n  fieldSpecs: []\n",
        "items: [{kind: [Secret], metadata: {}}, {kind: Widget, apiVersion: v1}]\n",
        "Kind: Secret\nname: a\n",
    ],
)
def test_what_only_resembles_one_is_skipped(case: Workplace, text: str) -> None:
    case.write("other.yaml", text)
    assert "3 files that are not manifests" in case.ok("validate", ".").out


@pytest.mark.parametrize("way", ["option", "setting", "file", "file below"])
def test_anything_can_be_excluded(case: Workplace, way: str) -> None:
    case.write("tests/broken.yaml", "apiVersion: v1\nkind: Sercet\n")
    assert case.run("validate", ".").code == 1
    arguments = ["--exclude", "broken.yaml"] if way == "option" else []
    if way == "setting":
        case.write("reconciler.yaml", "manifests: .\nexclude: [/tests/broken.yaml]\n")
    if way == "file":
        case.write(".reconcilerignore", "# of ours\ntests/*\n!tests/kept.yaml\n")
    if way == "file below":
        case.write("tests/.reconcilerignore", "/broken.yaml\n")
    shown = case.ok("validate", ".", *arguments)
    assert "! .: 1 file or directory is excluded by patterns\n" in shown.out


def test_a_saved_plan_leaves_out_the_same(case: Workplace) -> None:
    case.secret("a", file="m/a.yaml", TOKEN="not-a-real-token")
    case.secret("b", file="m/b.yaml", TOKEN="not-a-real-token")
    case.ok("plan", "m", "--exclude", "b.yaml", "--out", "p.plan", "--allow-weak-plan")
    refused = case.run("apply", "p.plan", "--exclude", "a.yaml")
    assert refused.code == 1
    assert "--exclude" in refused.err
    assert "1 created" in case.ok("apply", "p.plan").out
    assert "Secret/default/b" not in case.ok("get").out
