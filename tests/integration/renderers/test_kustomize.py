"""Kustomizations, built by the real program."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Workplace, workplace

__all__ = ["workplace"]

pytestmark = pytest.mark.usefixtures("programs")

SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata: {{name: {}}}\nstringData: {{token: not-a-real-1}}\n"
)
GENERATOR = "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: g}\n"


@pytest.fixture
def overlay(workplace: Workplace) -> Workplace:
    """`o/prod` over `base`, which the setting names."""
    workplace.write("base/kustomization.yaml", "resources: [secret.yaml, shop.yaml]\n")
    workplace.write("base/secret.yaml", SECRET.format("web"))
    workplace.write("o/prod/kustomization.yaml", "resources: [../../base]\nnamespace: shop\n")
    workplace.write("reconciler.yaml", '{"manifests": [{"kustomize": "o/prod"}]}')
    workplace.write("base/shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    return workplace


def changes(workplace: Workplace, *arguments: str) -> list[str]:
    """What the plan says of each object, without the places."""
    plan = json.loads(workplace.ok("plan", "-o", "json", *arguments).out)
    for change in plan["changes"]:
        assert change.pop("source")
    return sorted(json.dumps(change, sort_keys=True) for change in plan["changes"])


def test_a_setting_builds_and_a_saved_plan_builds_again(overlay: Workplace) -> None:
    planned = overlay.ok("plan", "--out", "saved.plan")
    assert "Secret/shop/web (create: not in the store)  base/secret.yaml:1" in planned.out
    overlay.write("base/secret.yaml", SECRET.format("web").replace("real-1", "real-2"))
    assert overlay.run("apply", "saved.plan").code == 4
    overlay.write("base/secret.yaml", SECRET.format("web"))
    overlay.ok("apply", "saved.plan")
    assert "No changes" in overlay.ok("plan").out


def test_places_are_the_files_that_kustomize_read(overlay: Workplace) -> None:
    overlay.write("base/secret.yaml", SECRET.format("web") + "imutable: true\n")
    result = overlay.run("validate")
    assert "base/secret.yaml:1:1: error[field-unknown] Secret/shop/web imutable" in result.out
    overlay.write("base/secret.yaml", SECRET.format("web"))
    overlay.write(
        "o/prod/kustomization.yaml", "secretGenerator: [{name: made, literals: [token=a b]}]\n"
    )
    assert "o/prod/kustomization.yaml:1" in overlay.ok("plan").out


TRAP = """\
apiVersion: v1
kind: Secret
metadata:
  name: web
  annotations:
    a.example/note: |
      one

      config.kubernetes.io/origin: |
        path: no.yaml
    z.example/note: last
stringData:
  text: |
    metadata:
    config.kubernetes.io/origin: |
      path: no.yaml
    end
"""


def test_the_annotation_of_origin_reaches_no_object(overlay: Workplace) -> None:
    overlay.write("base/secret.yaml", SECRET.format("plain") + "---\n" + TRAP)
    overlay.write("o/prod/kustomization.yaml", "resources: [../../base]\n")
    overlay.ok("apply", "--auto-approve")
    overlay.ok("export", "--reveal", "--out", "out.yaml")
    exported = (overlay.path / "out.yaml").read_text()
    assert exported.count("config.kubernetes.io/origin") == 2
    assert exported.count("path: no.yaml") == 2
    assert "z.example/note" in exported
    assert exported.count("annotations:") == 1


def test_it_stays_where_the_user_wants_it(overlay: Workplace) -> None:
    overlay.write(
        "o/prod/kustomization.yaml",
        "resources: [../../base]\nbuildMetadata: [originAnnotations, managedByLabel]\n",
    )
    planned = overlay.ok("plan")
    assert "metadata.annotations[config.kubernetes.io/origin]" in planned.out
    assert "metadata.labels[app.kubernetes.io/managed-by]" in planned.out


def test_it_is_the_same_as_without_the_annotations(overlay: Workplace, programs: Path) -> None:
    overlay.write(
        "o/prod/kustomization.yaml",
        "resources: [../../base]\nnamePrefix: p-\nbuildMetadata: [managedByLabel]\n"
        "secretGenerator: [{name: made, literals: [a=b], options: {immutable: true}}]\n"
        "commonLabels: {a: b}\n",
    )
    built = subprocess.run(
        [programs / "kustomize", "build", "o/prod"], capture_output=True, check=True
    )
    overlay.write("built.yaml", built.stdout.decode())
    ours = changes(overlay)
    assert len(ours) == 3
    assert ours == changes(overlay, "built.yaml")


REFUSED = {
    "resources: ['https://127.0.0.1/x.yaml']": "'https://127.0.0.1/x.yaml' is not in this checkout",
    "resources: ['HTTP://127.0.0.1/x.yaml']": "is not in this checkout",
    "resources: ['https://u:canary-token@127.0.0.1/x']": "'https://127.0.0.1/x'",
    "resources: ['github.com/a/b?ref=v1']": "is not in this checkout",
    "resources: ['git@example.test:a/b']": "is not in this checkout",
    "components: ['git::file:///tmp/x']": "is not in this checkout",
    "patches: [{path: 'http://127.0.0.1/p'}]": "is not in this checkout",
    "secretGenerator: [{name: a, files: ['k=http://127.0.0.1/p']}]": "is not in this checkout",
    "secretGenerator: [{name: a, envs: ['http://127.0.0.1/p']}]": "is not in this checkout",
    "openapi: {path: 'http://127.0.0.1/p'}": "is not in this checkout",
    "generators: [g.yaml]": "one of its generators holds a URL",
    "transformers: ['kind: X\nfiles: [http://127.0.0.1/p]']": "one of its transformers holds",
    "helmCharts: [{name: a, repo: 'http://127.0.0.1'}]": "helmCharts makes kustomize run Helm",
}


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("below", ["", "base/"])
def test_what_would_be_fetched_is_refused(overlay: Workplace, below: str, text: str) -> None:
    field, _, rest = text.partition(": ")
    document = json.dumps(text) if "\n" in text else text
    if "\n" in text:
        document = json.dumps({field: ["kind: X\nfiles: [http://127.0.0.1/p]"]})
    del rest
    overlay.write(f"{below or 'o/prod/'}kustomization.yaml", f"{document}\n")
    overlay.write(f"{below or 'o/prod/'}g.yaml", GENERATOR + "files: [http://127.0.0.1/p]\n")
    result = overlay.run("plan")
    assert result.code == 1
    assert "error[source-not-allowed]" in result.err
    assert REFUSED[text] in result.err
    assert "canary-token" not in result.err
    assert f"{below or 'o/prod/'}kustomization.yaml:1:1" in result.err


def test_all_that_one_kustomization_would_fetch_is_one_error(overlay: Workplace) -> None:
    overlay.write("base/kustomization.yaml", "resources: ['https://127.0.0.1/a']\n")
    overlay.write("o/prod/kustomization.yaml", "resources: [../../base]\n")
    overlay.write("o/test/kustomization.yaml", "resources: [../../base]\n")
    result = overlay.run("validate", "o")
    assert result.out.count("error[source-not-allowed]") == 1
    assert "'https://127.0.0.1/a' is not in this checkout" in result.out
    urls = "['https://127.0.0.1/a', 'https://127.0.0.1/b', 'https://127.0.0.1/c']"
    files = "secretGenerator: [{name: a, files: ['k=http://127.0.0.1/p']}]\n"
    overlay.write("base/kustomization.yaml", f"resources: {urls}\n{files}")
    result = overlay.run("validate", "o")
    assert result.out.count("error[source-not-allowed]") == 1
    assert "'https://127.0.0.1/a' and 3 more are not in this checkout" in result.out
    assert "copy them here" in result.out


def test_an_object_of_several_kustomizations_is_told_once(overlay: Workplace) -> None:
    for name in ("one", "other", "third"):
        overlay.write(f"p/{name}/kustomization.yaml", "resources: [../../base]\n")
    result = overlay.run("validate", "p")
    assert result.code == 1
    assert result.out.count("error[object-duplicate]") == 2  # of two objects
    said = "several kustomizations, or other sources, make the same object of this file"
    assert result.out.count(said) == 2
    assert "plan each of them by itself" in result.out
    assert "already declared" not in result.out


def test_functions_run_only_where_that_is_allowed(overlay: Workplace) -> None:
    overlay.write("o/prod/gen.sh", "#!/bin/sh\ntouch ../../ran\ncat made.txt\n").chmod(0o755)
    overlay.write(
        "o/prod/made.txt",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: made}, stringData: {a: not-a-real-b}}\n",
    )
    overlay.write(
        "o/prod/gen.yaml",
        "apiVersion: example.test/v1\nkind: Made\nmetadata:\n  name: a\n  annotations:\n"
        "    config.kubernetes.io/function: |\n      exec: {path: ./gen.sh}\n",
    )
    overlay.write("o/prod/kustomization.yaml", "generators: [gen.yaml]\n")
    assert "error[source-failed]" in overlay.run("plan").err
    assert not list(overlay.path.rglob("ran"))
    assert "Secret/default/made" in overlay.ok("plan", "--allow-run").out
    assert list(overlay.path.rglob("ran"))


def test_what_sops_encrypted_is_refused_with_the_ways_out(overlay: Workplace) -> None:
    encrypted = SECRET.format("web").replace("not-a-real-1", "'ENC[AES256_GCM,data:x]'")
    overlay.write("base/secret.yaml", f"{encrypted}sops: {{mac: x, version: 3.9.0}}\n")
    for arguments in ((), ("--allow-run",)):
        result = overlay.run("plan", *arguments)
        assert result.code == 1
        assert "base/secret.yaml:1:1: error[sops-in-kustomize]" in result.err
        assert "--exclude kustomization.yaml" in result.err
    excluded = overlay.run("plan", "base", "--exclude", "kustomization.yaml")
    assert "sops-in-kustomize" not in excluded.out + excluded.err
    assert "base/secret.yaml" in excluded.out + excluded.err


def test_kustomize_gets_neither_programs_nor_credentials(
    overlay: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in shows what it was given, in the place of the program."""
    script = (
        '#!/bin/sh\nexport -p > "$0.env"\necho "$@" > "$0.args"\nprintf "%s\\n" "' + SECRET + '"\n'
    )
    program = overlay.write("bin/kustomize", script.replace("{{", "{").replace("}}", "}"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-cloud")
    monkeypatch.setenv("RECONCILER_FINGERPRINT_KEY", "A" * 43 + "=")
    overlay.run("plan")
    given = (tmp_path / "bin/kustomize.env").read_text()
    assert "HTTPS_PROXY='http://127.0.0.1:9'" in given
    assert "canary-cloud" not in given
    assert "RECONCILER" not in given
    assert "/usr/bin" not in given
    assert "enable" not in (tmp_path / "bin/kustomize.args").read_text()
    overlay.run("plan", "--allow-run")
    given = (tmp_path / "bin/kustomize.env").read_text()
    assert "canary-cloud" in given
    assert "RECONCILER" not in given


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"kustomize": "base", "name": "a"}, "a kustomization is called like its directory"),
        ({"kustomize": "nowhere"}, "there is no directory 'nowhere'"),
        ({"kustomize": "o"}, "'o' holds no kustomization"),
        ({"kustomize": ["base"]}, "'kustomize' must be a directory"),
        ({"kustomize": "base", "run": ["a"]}, "a source has one of the fields"),
    ],
)
def test_what_is_no_kustomization(overlay: Workplace, source: object, message: str) -> None:
    overlay.write("reconciler.yaml", json.dumps({"manifests": [source]}))
    assert message in overlay.run("plan").err
