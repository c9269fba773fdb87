"""The chart and the kustomize base, without a cluster."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli import main
from tests.charts import CHART, KUBERNETES, SOURCES, Documents, helm, parsed, rendered, settings

SOURCE = {"configMap": {"name": "manifests"}}


def by_name(documents: Documents) -> list[Any]:
    return sorted(documents, key=lambda one: (one["kind"], str(one["metadata"])))


def test_lint_has_nothing_to_say_against_it(tools: Path) -> None:
    options = settings(source__volume=SOURCE, apply__enabled=True)
    done = helm(tools, "lint", "--strict", CHART, "--kube-version", KUBERNETES, *options)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("purpose", "events"), [("drift", False), ("drift", True), ("apply", False), ("apply", True)]
)
@pytest.mark.parametrize("spaces", [[], ["shop"], ["shop", "ops"], ["ops", "billing"]])
def test_its_roles_are_those_of_rbac(
    tools: Path, purpose: str, spaces: list[str], *, events: bool
) -> None:
    documents = rendered(
        tools,
        "jobs",
        set="payments",
        setNamespace="ops",
        namespaces=spaces,
        source__volume=SOURCE,
        apply__enabled=purpose == "apply",
        drift__enabled=purpose == "drift",
        drift__events=events,
    )
    options = [word for space in spaces for word in ("--namespaced", space)]
    if purpose == "drift":
        options += ["--events"] * events
        (job,) = [document for document in documents if document["kind"] == "CronJob"]
        assert str(job).count("'--events'") == events
    printed = CliRunner().invoke(
        main, ["rbac", "--for", purpose, "--set", "payments", "--set-namespace", "ops", *options]
    )
    assert printed.exit_code == 0
    roles = [document for document in documents if document["kind"] in {"Role", "ClusterRole"}]
    assert by_name(roles) == by_name(parsed(printed.stdout))
    bindings = [document for document in documents if document["kind"].endswith("RoleBinding")]
    bound = {
        (binding["metadata"].get("namespace"), binding["roleRef"]["name"]) for binding in bindings
    }
    assert bound == {
        (role["metadata"].get("namespace"), role["metadata"]["name"]) for role in roles
    }
    for binding in bindings:
        (subject,) = binding["subjects"]
        assert subject == {
            "kind": "ServiceAccount",
            "name": f"reconciler-{purpose}",
            "namespace": "jobs",
        }


def test_the_kustomize_base_is_what_the_chart_renders(tools: Path) -> None:
    built = subprocess.run(
        [tools / "kustomize", "build", SOURCES / "kustomize"],
        capture_output=True,
        text=True,
        check=True,
    )
    image = {"image__repository": "reconciler", "image__tag": "0.1.0"}
    chart = rendered(tools, "reconciler", source__volume=SOURCE, **image)
    assert by_name(parsed(built.stdout)) == by_name(chart)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "set either source.volume or source.git.repository"),
        (
            {"source__volume": SOURCE, "source__git__repository": "https://example.com/x.git"},
            "set either source.volume or source.git.repository",
        ),
        (
            {"source__git__repository": "https://example.com/x.git"},
            "source.git needs source.git.image",
        ),
        (
            {"source__volume": SOURCE, "drift__notify__secretName": "receivers"},
            "drift.notify needs both secretName and claimName",
        ),
        ({"source__volume": SOURCE, "drift__shedule": "x"}, "shedule"),
        ({"source__volume": SOURCE, "source__paths": ["--allow-run"]}, "paths"),
    ],
)
def test_wrong_values_are_refused(tools: Path, values: dict[str, Any], message: str) -> None:
    done = helm(tools, "template", "x", CHART, "--kube-version", KUBERNETES, *settings(**values))
    assert done.returncode != 0
    assert message in done.stderr


def test_only_the_clone_sees_the_login_of_git(tools: Path) -> None:
    documents = rendered(
        tools,
        "ops",
        source__git={"repository": "https://example.com/x.git", "image": "git:1", "ref": "v1"},
        source__git__secretName="login",
        sops__secretName="age",
    )
    (job,) = [document for document in documents if document["kind"] == "CronJob"]
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (clone,) = pod["initContainers"]
    (reconciler,) = pod["containers"]
    assert clone["args"][-3:] == ["--", "https://example.com/x.git", "/source/checkout"]
    assert "--branch=v1" in clone["args"]
    assert {mount["name"] for mount in clone["volumeMounts"]} == {"source", "git-credentials"}
    mounts = {mount["name"]: mount for mount in reconciler["volumeMounts"]}
    assert mounts.keys() == {"source", "temporary", "sops"}
    assert mounts["source"]["readOnly"]
    assert reconciler["workingDir"] == "/source/checkout"


def test_only_the_check_sees_receivers_and_remembers_what_they_were_told(tools: Path) -> None:
    documents = rendered(
        tools,
        "ops",
        source__volume=SOURCE,
        apply__enabled=True,
        drift__notify={"secretName": "receivers", "claimName": "told"},
    )
    (check,) = [document for document in documents if document["kind"] == "CronJob"]
    (apply,) = [document for document in documents if document["kind"] == "Job"]
    pod = check["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {entry["name"]: entry["value"] for entry in container["env"]} == {
        "RECONCILER_NOTIFY_FILE": "/notify/urls",
        "RECONCILER_NOTIFY_STATE": "/told/told.json",
    }
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounts["notify"]["readOnly"]
    assert "readOnly" not in mounts["told"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["notify"]["secret"]["secretName"] == "receivers"
    assert volumes["told"]["persistentVolumeClaim"] == {"claimName": "told"}
    assert "receivers" not in str(apply)
    assert "told" not in str(apply)
