"""Alerts and dashboard, against what the program writes and by Prometheus' own programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from reconciler.model.drift import CertificateEnd, DriftReport
from reconciler.model.objects import ObjectKey
from reconciler.views import prometheus
from tests.charts import CHART, SOURCES, parsed, rendered
from tests.clusters import HERE
from tests.unit.views import drift_samples

SOURCE = {"configMap": {"name": "manifests"}}
INSTALL = HERE / "programs" / "prometheus.sh"
MISSING = "promtool and the node exporter are not here: run `make programs`"
METRIC = re.compile(r"\breconciler_[a-z_]+")
SAMPLE = re.compile(r"(reconciler_[a-z_]+)\{(.*)\} ([^ ]+)")
LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
HOUR = 3600
DAY = 24 * HOUR

TLS = ObjectKey("Secret", "shop", "tls")
REPORT = replace(
    drift_samples.EVERYTHING,
    set_name="default",
    certificates=(CertificateEnd(TLS, "tls.crt", datetime.fromtimestamp(20 * DAY, UTC)),),
    locked_seconds=10.0,
)
QUIET = replace(REPORT, objects=(), certificates=(), locked_seconds=0.0)


@pytest.fixture(scope="module")
def programs() -> Path:
    """Where Prometheus' programs are."""
    asked = subprocess.run([INSTALL, "--where"], capture_output=True, text=True, check=True)
    if not asked.stdout:
        if "CI" in os.environ:
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return Path(asked.stdout.strip())


@pytest.fixture
def rules(tools: Path) -> dict[str, Any]:
    return next(of_kind("PrometheusRule", tools, metrics__rules__enabled=True))


@pytest.fixture
def rule_file(rules: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(rules["spec"]))
    return path


def of_kind(kind: str, tools: Path, **values: Any) -> Iterator[dict[str, Any]]:
    documents = rendered(tools, "reconciler", source__volume=SOURCE, **values)
    return (document for document in documents if document["kind"] == kind)


def samples(report: DriftReport = REPORT, *, now: float = 0) -> list[tuple[str, str, str]]:
    """What a check writes: name, labels and value of each sample."""
    lines = prometheus.drift(report, now=now).splitlines()
    found = [SAMPLE.fullmatch(line) for line in lines if not line.startswith("#")]
    return [match.groups() for match in found if match]  # type: ignore[misc]


def labels_of(name: str) -> set[str]:
    """The labels of a metric that the program writes."""
    of_each = [
        set(dict(LABEL.findall(labels))) for metric, labels, _ in samples() if metric == name
    ]
    assert of_each, f"the program does not write {name}"
    return set.union(*of_each)


def prometheus_queries(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def dashboard(tools: Path) -> dict[str, Any]:
    (config,) = of_kind("ConfigMap", tools, metrics__dashboard__enabled=True)
    assert config["metadata"]["labels"] == {"grafana_dashboard": "1"}
    document: dict[str, Any] = json.loads(config["data"]["reconciler.json"])
    assert document == json.loads((CHART / "files" / "dashboard.json").read_text())
    return document


def test_nothing_of_it_is_there_unless_it_is_asked_for(tools: Path) -> None:
    kinds = {document["kind"] for document in rendered(tools, "x", source__volume=SOURCE)}
    assert not kinds & {"PrometheusRule", "PodMonitor", "ConfigMap", "Deployment"}


def test_the_component_of_kustomize_is_what_the_chart_renders(
    tools: Path, rules: Any, tmp_path: Path
) -> None:
    shutil.copytree(SOURCES / "kustomize", tmp_path / "base")
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        "resources: [../base]\ncomponents: [../base/alerts]\nnamespace: ops\n"
    )
    built = subprocess.run(
        [tools / "kustomize", "build", overlay], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (made,) = [one for one in parsed(built.stdout) if one["kind"] == "PrometheusRule"]
    rules["metadata"]["namespace"] = "ops"
    assert made == rules


def test_alerts_name_metrics_and_labels_that_the_program_writes(rules: Any) -> None:
    (group,) = rules["spec"]["groups"]
    for rule in group["rules"]:
        names = METRIC.findall(rule["expr"])
        assert names
        labels = set.intersection(*map(labels_of, names))
        if rule["expr"].startswith("absent("):
            labels = {"set"}  # those of the selector alone
        used = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        used |= set(re.findall(r"[{,](\w+)=", rule["expr"]))
        assert used <= labels, rule["alert"]


def test_panels_name_metrics_and_labels_that_the_program_writes(dashboard: Any) -> None:
    for query in prometheus_queries(dashboard):
        names = METRIC.findall(query)
        assert names
        used = set(re.findall(r"[{,](\w+)=", query)) | set(re.findall(r"by \((\w+)\)", query))
        assert used <= set.intersection(*map(labels_of, names)), query
    written = {name for name, _, _ in samples()}
    assert {name for query in prometheus_queries(dashboard) for name in METRIC.findall(query)} == (
        written
    ), "each metric has a panel"


def test_the_dashboard_is_sound(dashboard: Any, programs: Path, tmp_path: Path) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    source = {"type": "prometheus", "uid": "${datasource}"}
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    for one in (*panels, *(target for panel in panels for target in panel["targets"])):
        assert one["datasource"] == source
    for name in ("set", "store"):
        assert variables[name]["datasource"] == source
        assert name in labels_of(METRIC.findall(variables[name]["definition"])[0])
    places = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places), "no panel covers another"
    assert max(x for x, _ in places) < 24
    queries = tmp_path / "queries.yaml"
    expressions = [query.replace("$set", ".*") for query in prometheus_queries(dashboard)]
    records = [{"record": f"query:{n}", "expr": text} for n, text in enumerate(expressions)]
    queries.write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": records}]}))
    checked = promtool(programs, "check", "rules", queries)
    assert checked.returncode == 0, checked.stderr


def promtool(programs: Path, *words: str | Path, stdin: str = "") -> Any:
    return subprocess.run(
        [programs / "promtool", *words], input=stdin, capture_output=True, text=True, check=False
    )


def series(report: DriftReport, **values: str) -> list[dict[str, str]]:
    """What Prometheus has scraped at each step; `values` are other ones, by name of the metric."""
    return [
        {"series": f"{name}{{{labels}}}", "values": values.get(name, f"{value}+0x800")}
        for name, labels, value in samples(report)
    ]


DRIFTED = {
    ("Secret/shop/db", "drifted"),
    ("Secret/shop/gone", "vanished"),
    ("Secret/shop/lost", "missing"),
    ("Secret/shop/orphan", "drifted"),
    ("Secret/shop/other", "unknowable"),
}
ALIVE = {"reconciler_drift_last_success_timestamp_seconds": "0+60x800"}
FAILED = {"reconciler_drift_check_failed": "0x60 1x800"}
LOCKED = {"reconciler_lock_held_seconds": "10x60 4000x60 0x800"}


@pytest.mark.parametrize(
    ("alert", "report", "values", "at", "firing"),
    [
        ("ReconcilerDrift", REPORT, ALIVE, HOUR, DRIFTED),
        ("ReconcilerDrift", QUIET, ALIVE, HOUR, ()),
        ("ReconcilerCheckFailing", QUIET, ALIVE | FAILED, 2 * HOUR, [()]),
        ("ReconcilerCheckFailing", QUIET, ALIVE | FAILED, HOUR + 120, ()),
        ("ReconcilerCheckFailing", QUIET, ALIVE, 2 * HOUR, ()),
        ("ReconcilerCheckMissing", QUIET, {}, 3 * HOUR + 60, [()]),
        ("ReconcilerCheckMissing", QUIET, {}, 3 * HOUR, ()),
        ("ReconcilerCheckMissing", QUIET, ALIVE, 3 * HOUR + 60, ()),
        ("ReconcilerCheckMissing", QUIET, FAILED, 4 * HOUR, ()),
        ("ReconcilerMetricsMissing", None, {}, 3 * HOUR + 60, [None]),
        ("ReconcilerMetricsMissing", None, {}, 2 * HOUR, ()),
        ("ReconcilerCertificateEnding", REPORT, ALIVE, 6 * DAY + HOUR, [("tls.crt",)]),
        ("ReconcilerCertificateEnding", REPORT, ALIVE, 30 * DAY, [("tls.crt",)]),
        ("ReconcilerCertificateEnding", REPORT, ALIVE, 6 * DAY - HOUR, ()),
        ("ReconcilerCertificateEnding", QUIET, ALIVE, 30 * DAY, ()),
        ("ReconcilerLockHeld", QUIET, ALIVE | LOCKED, 90 * 60, [()]),
        ("ReconcilerLockHeld", QUIET, ALIVE | LOCKED, HOUR, ()),
        ("ReconcilerLockHeld", QUIET, ALIVE | LOCKED, 3 * HOUR, ()),
    ],
)
def test_each_alert_fires_when_it_must_and_only_then(
    *,
    programs: Path,
    rule_file: Path,
    alert: str,
    report: DriftReport | None,
    values: dict[str, str],
    at: int,
    firing: Any,
) -> None:
    common = {"severity": "warning", "set": "default"}
    if report is not None:
        common["store"] = report.store.location
    own: list[dict[str, str]] = []
    for details in firing:
        match details:
            case (name, state):
                own.append({"object": name, "state": state})
            case (key,):
                own.append({"object": str(TLS), "key": key})
            case _:
                own.append({})
    wanted = [{"exp_labels": common | labels} for labels in own]
    asked = {"eval_time": f"{at}s", "alertname": alert, "exp_alerts": wanted}
    step = "1h" if at > DAY else "1m"
    case = {
        "interval": step,
        "input_series": [] if report is None else series(report, **values),
        "alert_rule_test": [asked],
    }
    for expected in wanted:  # promtool compares annotations too, so they are taken from the rules
        expected["exp_annotations"] = texts_of(rule_file, alert, expected["exp_labels"], at)
    test = rule_file.with_name("test.yaml")
    document = {"rule_files": [str(rule_file)], "evaluation_interval": step, "tests": [case]}
    test.write_text(yaml.safe_dump(document))
    done = promtool(programs, "test", "rules", test)
    assert done.returncode == 0, done.stdout + done.stderr


SPANS = {
    ("ReconcilerCheckMissing", 3 * HOUR + 60): "3h 1m 0s",
    ("ReconcilerCertificateEnding", 6 * DAY + HOUR): "13d 23h 0m 0s",
    ("ReconcilerCertificateEnding", 30 * DAY): "-10d 0h 0m 0s",
    ("ReconcilerLockHeld", 90 * 60): "1h 6m 40s",
}


def texts_of(rule_file: Path, alert: str, labels: dict[str, str], at: int) -> dict[str, str]:
    """What people read: the texts of the rule with its labels and value in them."""
    (group,) = yaml.safe_load(rule_file.read_text())["groups"]
    (texts,) = [rule["annotations"] for rule in group["rules"] if rule["alert"] == alert]
    span = SPANS.get((alert, at), "")
    filled = {
        name: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels[match[1]], text).replace(
            "{{ $value | humanizeDuration }}", span
        )
        for name, text in texts.items()
    }
    assert "{{" not in str(filled)
    return filled


def test_the_rules_and_the_metrics_are_what_prometheus_reads(
    programs: Path, rule_file: Path
) -> None:
    checked = promtool(programs, "check", "rules", rule_file)
    assert checked.returncode == 0, checked.stderr
    assert "6 rules found" in checked.stdout
    for report in (REPORT, QUIET, *drift_samples.REPORTS.values()):
        metrics = prometheus.drift(report, now=1795330800.25) + "\n"
        linted = promtool(programs, "check", "metrics", stdin=metrics)
        assert (linted.returncode, linted.stderr) == (0, "")


def test_the_exporter_of_the_chart_serves_what_a_check_writes(
    programs: Path, tools: Path, tmp_path: Path
) -> None:
    (tmp_path / "reconciler.prom").write_text(prometheus.drift(REPORT, now=5) + "\n")
    claim = {"metrics__claimName": "metrics", "metrics__image": "exporter:1"}
    (deployment,) = of_kind("Deployment", tools, **claim)
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (mount,) = container["volumeMounts"]
    assert mount["readOnly"]
    options = [word.replace(mount["mountPath"], str(tmp_path)) for word in container["args"]]
    with subprocess.Popen(
        [programs / "node_exporter", *options, "--web.listen-address=127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    ) as exporter:
        try:
            assert exporter.stderr is not None
            address = next(
                match[1]
                for line in exporter.stderr
                if (match := re.search(r"Listening on.*address=(\S+)", line))
            )
            with urlopen(f"http://{address}/metrics") as answer:
                served = answer.read().decode()
        finally:
            exporter.terminate()
    assert "node_textfile_scrape_error 0" in served
    assert served.count("\nreconciler_") == len(samples())
    assert 'reconciler_drift_object{object="Secret/shop/db",set="default"' in served


def test_the_check_leaves_metrics_on_the_claim_and_the_exporter_reads_them(tools: Path) -> None:
    values = {"metrics__claimName": "metrics", "metrics__image": "exporter:1"}
    (check,) = of_kind("CronJob", tools, **values)
    pod = check["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert "--report=prometheus=/metrics/reconciler.prom" in container["args"]
    (claim,) = [one for one in pod["volumes"] if one["name"] == "metrics"]
    (deployment,) = of_kind("Deployment", tools, **values)
    exporter = deployment["spec"]["template"]
    assert exporter["spec"]["volumes"] == [claim]
    assert exporter["spec"]["securityContext"] == pod["securityContext"]
    labels = exporter["metadata"]["labels"]
    (monitor,) = of_kind("PodMonitor", tools, metrics__podMonitor__enabled=True, **values)
    assert monitor["spec"]["selector"]["matchLabels"] == labels
    policies = {
        one["metadata"]["name"]: one["spec"] for one in of_kind("NetworkPolicy", tools, **values)
    }
    assert policies["reconciler-metrics"]["podSelector"]["matchLabels"] == labels
    (selected,) = policies["reconciler"]["podSelector"]["matchExpressions"]
    assert labels[selected["key"]] not in selected["values"]
