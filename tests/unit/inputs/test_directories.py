"""What of a directory is read by itself, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifests import Loaded
from reconciler.model.inputs import Exclusion
from reconciler.workflow import load

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {{name: {}}}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str = "") -> None:
    """A file; without a text, the manifest of a Secret of the name of the file."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or SECRET.format(path.stem))


def names(loaded: Loaded) -> list[str]:
    return [item.name for item in loaded.objects]


def notices(loaded: Loaded) -> list[tuple[str, str]]:
    return [(notice.code, notice.message) for notice in loaded.notices]


@pytest.mark.usefixtures("programs")
def test_kustomizations_below_a_directory_are_built_and_never_read_as_loose_files() -> None:
    write("m/app/kustomization.yaml", "resources: [named.yaml, ../base]\nnamePrefix: app-\n")
    write("m/app/named.yaml")
    write("m/app/forgotten.yaml")
    write("m/app/deep/forgotten.yaml")
    write("m/base/kustomization.yml", "resources: [deep/base.yaml]\n")
    write("m/base/deep/base.yaml")
    write("m/app/nested/Kustomization", "resources: [nested.yaml]\n")
    write("m/app/nested/nested.yaml")
    write("m/loose.yaml")
    loaded = load("m")
    assert loaded.diagnostics == ()
    assert names(loaded) == ["loose", "app-base", "app-named", "nested"]
    assert notices(loaded) == [
        ("kustomizations-built", "kustomize builds 2 kustomizations: m/app, m/app/nested")
    ]
    (held,) = loaded.inputs
    assert (held.path, held.secrets) == ("m", 4)


@pytest.mark.usefixtures("programs")
def test_the_kustomization_of_an_input_stands_for_all_of_it() -> None:
    write("m/kustomization.yaml", "resources: [a.yaml]\n")
    write("m/a.yaml")
    write("m/other/kustomization.yaml", "resources: [b.yaml]\n")
    write("m/other/b.yaml")
    assert names(load("m")) == ["a"]
    twice = load(["m", "m/../m"])
    assert names(twice) == ["a"]
    assert [held.secrets for held in twice.inputs] == [1, 1]


def test_many_kustomizations_are_listed_in_part() -> None:
    for number in range(10):
        write(f"m/app-{number}/kustomization.yaml", "resources: []\n")
    ((_, message),) = notices(load("m", environ={"PATH": ""}))
    assert message.startswith("kustomize builds 10 kustomizations")
    assert message.endswith("m/app-6, m/app-7 and 2 more")


@pytest.mark.parametrize("name", ["Kustomization", "kustomization.yaml", "Chart.yaml"])
def test_a_directory_of_that_name_is_a_directory(name: str) -> None:
    write(f"m/{name}/a.yaml")
    write("m/b.yaml")
    loaded = load("m", environ={"PATH": ""})
    assert loaded.diagnostics == ()
    assert {*names(loaded)} == {"a", "b"}


def test_without_kustomize_a_kustomization_is_an_error() -> None:
    write("m/kustomization.yaml", "resources: [a.yaml]\n")
    write("m/a.yaml")
    loaded = load("m", environ={"PATH": ""})
    (error,) = loaded.diagnostics
    assert (error.code, str(error.source)) == ("source-missing", "m/kustomization.yaml:1:1")
    assert "kustomize/" in error.hint
    assert loaded.objects == ()
    (error,) = load("m/kustomization.yaml").diagnostics
    assert (error.code, error.hint) == ("input-unbuilt", "name its directory: m")


def test_a_kustomization_that_cannot_be_read_is_an_error() -> None:
    write("m/kustomization.yaml", "resources: [\n")
    (error, *_) = load("m").diagnostics
    assert (error.code, error.source.file) == ("yaml-invalid", "m/kustomization.yaml")


def test_a_kustomization_of_flux_is_an_object() -> None:
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\n"
    write("m/kustomization.yaml", flux)
    write("m/a.yaml")
    for path in (["m"], ["m/kustomization.yaml", "m/a.yaml"]):
        found = load(path)
        assert names(found) == ["a"]
        assert [code for code, _ in notices(found)] == ["objects-skipped"]


def test_a_chart_is_left_to_helm() -> None:
    write("m/chart/Chart.yaml", "apiVersion: v2\nname: a\n")
    write("m/chart/values.yaml", "a: {{ b\n")
    write("m/chart/templates/secret.yaml", "{{- if .x }}\n" + SECRET.format("a") + "{{- end }}\n")
    write("m/b.yaml")
    found = load("m")
    assert (names(found), found.diagnostics) == (["b"], ())
    assert notices(found) == [
        (
            "charts-left-out",
            (
                "what belongs to 1 Helm chart was not read; plan it with: "
                "helm template m/chart | reconciler plan -"
            ),
        )
    ]
    for path in ("m/chart", "m/chart/Chart.yaml"):
        (error,) = load(path).diagnostics
        assert (error.code, error.hint) == (
            "input-unbuilt",
            "helm template m/chart | reconciler plan -",
        )


FOREIGN = {
    "values.yaml": "image: nginx\ncontroller:\n  kind: DaemonSet\n",
    "package.json": '{"name": "a"}',
    "patch.yaml": "- op: remove\n  path: /a\n",
    "mkdocs.yml": "plugins: !!int x\n",
    "text.yaml": "just a text\n",
    "broken.yml": "a: [\n",
    "sops.yaml": "a: ENC[AES256_GCM,data:x]\nsops: {mac: x, version: 3.9.0}\n",
    "index.yaml": "apiVersion: v1\nentries: {web: []}\ngenerated: 2026-01-01T00:00:00Z\n",
    "repositories.yaml": "apiVersion: v1\nrepositories: []\n",
    "wrong-name.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
}


@pytest.mark.parametrize("field", ["metadata: {name: a}", "data: {a: YQ==}", "items: []"])
def test_an_object_that_lost_its_kind_is_an_error(field: str) -> None:
    write("m/a.yaml", f"apiVersion: v1\n{field}\n")
    assert [item.code for item in load("m").errors] == ["kind-missing"]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_no_manifest_is_skipped_unless_it_is_named(name: str) -> None:
    write("m/a.yaml")
    write(f"m/{name}", FOREIGN[name])
    found = load("m")
    assert (names(found), found.diagnostics, found.files) == (["a"], (), 1)
    ((code, message),) = notices(found)
    assert code == "files-skipped"
    assert message.endswith(f"1 file that is not a manifest: m/{name}")
    assert load(f"m/{name}").errors


@pytest.mark.parametrize(
    "text",
    [
        "kind: Secret\n",
        "apiVersion: v1\n",
        "kind: [\n",
        "'kind': [\n",
        "{apiVersion: v1, kind: [\n",
        "a: b\n---\nkind: Secret\n",
        "apiVersion: v1\nkind: List\nitems: [{a: b}]\n",
    ],
)
def test_a_file_that_claims_to_be_a_manifest_is_never_skipped(text: str) -> None:
    write("m/a.yaml", text)
    assert load("m").errors


def test_many_skipped_files_are_counted() -> None:
    for number in range(7):
        write(f"m/{number}.yaml", "a: b\n")
    ((_, message),) = notices(load("m"))
    assert message.startswith("skipped 7 files")
    assert message.endswith("m/4.yaml and 2 more")


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        (["b.yaml"], ["a", "c"]),
        (["sub/"], ["a", "b"]),
        (["m/*", "!m/a.yaml"], ["a"]),
        (["/b.yaml"], ["a", "b", "c"]),
        (["/m/b.yaml", "# a comment", ""], ["a", "c"]),
        (["**/c.yaml"], ["a", "b"]),
    ],
)
def test_patterns_are_those_of_gitignore(patterns: list[str], kept: list[str]) -> None:
    for name in ("m/a", "m/b", "m/sub/c"):
        write(f"{name}.yaml")
    found = load("m", exclude=[Exclusion(".", tuple(patterns))])
    assert names(found) == kept
    assert [code for code, _ in notices(found)] == ["inputs-excluded"] * (len(kept) < 3)


def test_ignore_files_count_from_their_directory_and_the_options_last() -> None:
    for name in ("m/a", "m/b", "m/sub/a", "m/sub/c"):
        write(f"{name}.yaml", SECRET.format(name.replace("/", "-")))
    write(".reconcilerignore", "/m/b.yaml\na.yaml\n")
    write("m/sub/.reconcilerignore", "!a.yaml\n/c.yaml\n")
    assert names(load("m")) == ["m-sub-a"]
    assert names(load("m", exclude=[Exclusion("m", ("!/b.yaml",))])) == ["m-b", "m-sub-a"]
    assert names(load("m/a.yaml")) == ["m-a"]


def test_patterns_that_are_not_valid() -> None:
    write("m/a.yaml")
    write("m/.reconcilerignore", "b.yaml\n!\n")
    (error,) = load("m").diagnostics
    assert (error.code, str(error.source)) == ("pattern-invalid", "m/.reconcilerignore:2:1")
    Path("m/.reconcilerignore").unlink()
    (error,) = load("m", exclude=[Exclusion(".", ("!",))]).diagnostics
    assert error.code == "pattern-invalid"


@pytest.mark.parametrize("pattern", ["./a.yaml", "../m/a.yaml", "x/./a.yaml", "!./a.yaml", ".."])
def test_a_pattern_that_can_match_nothing_is_an_error(pattern: str) -> None:
    write("m/a.yaml")
    (error,) = load("m", exclude=[Exclusion(".", (pattern,))]).errors
    assert error.code == "pattern-invalid"
    assert "matches nothing" in error.message
    write("m/.reconcilerignore", f"# ./ is fine here\n{pattern}\n")
    (error,) = load("m").errors
    assert (error.code, error.source.line) == ("pattern-invalid", 2)


def test_everything_may_be_excluded() -> None:
    write("m/a.yaml")
    (error,) = (
        load("m", exclude=[Exclusion(".", ("m/",))] * 2).errors
        or load("m", exclude=[Exclusion(".", ("*.yaml",))]).errors
    )
    assert error.code == "manifests-missing"
    assert "1 file or directory is excluded by patterns" in error.hint


def test_excluding_a_kustomization_reads_its_files() -> None:
    write("m/kustomization.yaml", "resources: [a.yaml]\n")
    write("m/a.yaml")
    assert names(load("m", exclude=[Exclusion(".", ("kustomization.yaml",))])) == ["a"]


def test_a_locked_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/a.yaml").write_bytes(b"\0GITCRYPT\0\x01\x02")
    (error,) = load("m").diagnostics
    assert (error.code, error.hint) == ("file-locked", "open it first: git-crypt unlock")
