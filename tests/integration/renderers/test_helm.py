"""Charts, rendered by the real program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Workplace, workplace

__all__ = ["workplace"]

pytestmark = pytest.mark.usefixtures("programs")

SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-db
stringData:
  password: %s
"""
SOURCE = {"chart": "charts/shop", "release": "shop", "namespace": "shop", "values": ["prod.yaml"]}
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


def defined(workplace: Workplace, **changes: object) -> None:
    source = {name: value for name, value in (SOURCE | changes).items() if value is not None}
    workplace.write("reconciler.yaml", json.dumps({"manifests": ["ns.yaml", {"helm": source}]}))


@pytest.fixture
def chart(workplace: Workplace) -> Workplace:
    """A chart whose password comes from a file of values."""
    workplace.write("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    workplace.write("charts/shop/values.yaml", "password: not-a-real-default\n")
    workplace.write("charts/shop/templates/db.yaml", SECRET % "{{ .Values.password | quote }}")
    workplace.write("prod.yaml", "password: not-a-real-password\n")
    workplace.write("ns.yaml", NAMESPACE)
    defined(workplace)
    return workplace


def test_a_chart_is_planned_saved_and_applied(chart: Workplace) -> None:
    planned = chart.ok("plan", "--out", "saved.plan")
    place = "charts/shop/templates/db.yaml:1"
    assert f"+ Secret/shop/shop-db (create: not in the store)  {place}" in planned.out
    chart.write("prod.yaml", "password: not-a-real-other\n")
    assert chart.run("apply", "saved.plan").code == 4
    chart.write("prod.yaml", "password: not-a-real-password\n")
    chart.ok("apply", "saved.plan")
    assert "No changes" in chart.ok("plan").out


def test_another_definition_makes_the_plan_stale(chart: Workplace) -> None:
    chart.ok("plan", "--out", "saved.plan")
    assert "prod.yaml" not in (chart.path / "saved.plan").read_text()
    defined(chart, values=None)
    stale = chart.run("apply", "saved.plan")
    assert stale.code == 4
    assert "the source shop is defined differently now" in stale.err


def test_places_are_the_templates(chart: Workplace) -> None:
    chart.write("charts/shop/templates/db.yaml", SECRET % "a" + "imutable: true\n")
    chart.write("charts/shop/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n")
    chart.write("charts/shop/charts/sub/templates/a.yaml", SECRET.replace("-db", "-sub") % "a")
    result = chart.run("validate", "-v")
    assert "charts/shop/templates/db.yaml:1:1: error[field-unknown]" in result.out
    assert "charts/shop/charts/sub/templates/a.yaml:1" in result.out


def test_random_values_are_told_with_their_keys(chart: Workplace) -> None:
    chart.write("charts/shop/templates/db.yaml", SECRET % "{{ randAlphaNum 20 }}")
    planned = chart.ok("plan")
    _, _, entry = planned.out.partition("Secret/shop/shop-db")
    warning = next(line for line in entry.splitlines() if "warning[source-unstable]" in line)
    assert "data.password" in warning
    refused = chart.run("plan", "--out", "saved.plan")
    assert refused.code == 1
    assert not (chart.path / "saved.plan").exists()


def test_hooks_are_told_in_the_plan(chart: Workplace) -> None:
    hook = SECRET.replace("-db\n", "-hook\n  annotations:\n    helm.sh/hook: pre-install\n")
    chart.write("charts/shop/templates/hook.yaml", hook % "a")
    planned = chart.ok("plan")
    assert (
        "shop: 1 object is a Helm hook, planned like any other object: "
        "charts/shop/templates/hook.yaml" in planned.out
    )
    assert "helm-hooks" in chart.ok("plan", "-o", "json").out


def test_a_failure_shows_nothing_of_the_template(chart: Workplace) -> None:
    chart.write("charts/shop/templates/db.yaml", SECRET % '{{ fail "canary-4f1d20" }}')
    result = chart.run("plan")
    assert result.code == 1
    assert "error[source-failed]: shop: helm ended with exit code 1" in result.err
    assert "canary" not in result.err + result.out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chart": "oci://127.0.0.1/shop"}, "'oci://127.0.0.1/shop' is not in this checkout"),
        ({"chart": "https://u:canary@127.0.0.1/a.tgz"}, "'https://127.0.0.1/a.tgz' is not in"),
        ({"chart": "bitnami/postgresql"}, "'bitnami/postgresql' is not in this checkout"),
        ({"values": ["http://127.0.0.1/v.yaml"]}, "'http://127.0.0.1/v.yaml' is not in"),
        ({"values": ["../outside.yaml"]}, "'../outside.yaml' is not in this checkout"),
        ({"values": ["/proc/self/environ"]}, "'/proc/self/environ' is not in this checkout"),
    ],
)
def test_what_is_elsewhere_is_refused(
    chart: Workplace, changes: dict[str, object], said: str
) -> None:
    (chart.path.parent / "outside.yaml").write_text("a: b\n")
    defined(chart, **changes)
    result = chart.run("plan")
    assert result.code == 1
    assert "error[source-not-allowed]: shop: " in result.err
    assert said in result.err
    assert "canary" not in result.err


def test_links_that_lead_out_are_refused(chart: Workplace) -> None:
    (chart.path.parent / "outside.txt").write_text("canary-4f1d20")
    (chart.path / "charts/shop/secret.txt").symlink_to(chart.path.parent / "outside.txt")
    chart.write("charts/shop/templates/db.yaml", SECRET % '{{ .Files.Get "secret.txt" }}')
    result = chart.run("plan")
    assert result.code == 1
    assert "the link 'charts/shop/secret.txt' leads out of this checkout" in result.err
    chart.ok("plan", "--allow-run")


def test_the_checkout_is_the_repository(chart: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    (chart.path / ".git").mkdir()
    chart.write("common.yaml", "password: not-a-real-common\n")
    file = {
        "manifests": [{"helm": {**SOURCE, "chart": "../charts/shop", "values": "../common.yaml"}}]
    }
    chart.write("envs/reconciler.yaml", json.dumps(file))
    monkeypatch.chdir(chart.path / "envs")
    assert "Secret/shop/shop-db" in chart.ok("plan", "--create-namespaces").out


def test_helm_gets_neither_plugins_nor_credentials(
    chart: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in shows what it was given, in the place of the program."""
    script = '#!/bin/sh\nexport -p > "$0.env"\necho "$@" > "$0.args"\nexit 1\n'
    chart.write("bin/helm", script).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("KUBECONFIG", "/canary-config")
    monkeypatch.setenv("HELM_PLUGINS", "/canary-plugins")
    chart.run("plan")
    given = (tmp_path / "bin/helm.env").read_text()
    assert "HTTPS_PROXY='http://127.0.0.1:9'" in given
    assert "HELM_NO_PLUGINS" in given
    assert "canary" not in given
    assert "--skip-schema-validation" in (tmp_path / "bin/helm.args").read_text()
    chart.run("plan", "--allow-run")
    assert "canary-plugins" in (tmp_path / "bin/helm.env").read_text()
    assert "--skip-schema" not in (tmp_path / "bin/helm.args").read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chart": None}, "'helm' needs a chart and a release"),
        ({"release": None}, "'helm' needs a chart and a release"),
        ({"release": "-f"}, "'release' must be a name"),
        ({"namespace": "A b"}, "'namespace' must be a name"),
        ({"values": ["a,b.yaml"]}, "'values' must be a path or a list of paths, without commas"),
        ({"set": "a=b"}, "'helm' has no field 'set'"),
    ],
)
def test_what_is_no_chart(chart: Workplace, changes: dict[str, object], message: str) -> None:
    defined(chart, **changes)
    assert message in chart.run("plan").err
