"""The Jobs for many environments, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli import main
from reconciler.errors import ExitCode
from tests.charts import FLEET, parsed, rendered
from tests.integrations.test_chart import SOURCE


def shipped(name: str, kind: str) -> Any:
    documents = parsed((FLEET / name).read_text(encoding="utf-8"))
    (document,) = [document for document in documents if document["kind"] == kind]
    return document


def test_its_rights_are_those_of_a_drift_check_for_any_set() -> None:
    printed = CliRunner().invoke(main, ["rbac", "--for", "drift", "--set", "eu-1"])
    rules = [rule for role in parsed(printed.stdout) for rule in role["rules"]]
    for rule in rules:
        rule.pop("resourceNames", None)  # the lock of the set
    assert shipped("setup.yaml", "ClusterRole")["rules"] == rules
    binding = shipped("setup.yaml", "ClusterRoleBinding")
    account = shipped("setup.yaml", "ServiceAccount")["metadata"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]
    pod = shipped("drift.yaml", "Job")["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == account["name"]


def test_there_is_a_pod_for_each_shard() -> None:
    spec = shipped("drift.yaml", "Job")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    values = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert values["RECONCILER_SHARDS"] == str(spec["completions"])
    assert spec["completionMode"] == "Indexed"
    assert "--shard=auto" in container["args"]


def test_only_drift_is_not_tried_again() -> None:
    spec = shipped("drift.yaml", "Job")["spec"]
    (rule, _) = spec["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailIndex"
    assert rule["onExitCodes"]["values"] == [ExitCode.CHANGES]


@pytest.mark.parametrize("name", ["drift.yaml", "report.yaml"])
def test_its_pods_are_confined_as_those_of_the_chart(tools: Any, name: str) -> None:
    documents = rendered(tools, "ops", source__volume=SOURCE)
    (cron,) = [document for document in documents if document["kind"] == "CronJob"]
    chart = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod = shipped(name, "Job")["spec"]["template"]["spec"]
    assert pod["securityContext"] == chart["securityContext"]
    assert pod["restartPolicy"] == chart["restartPolicy"]
    (container,), (charted,) = pod["containers"], chart["containers"]
    for field in ("name", "imagePullPolicy", "securityContext", "resources"):
        assert container[field] == charted[field]
    assert {mount["name"]: mount.get("readOnly", False) for mount in container["volumeMounts"]} == (
        {"source": True, "reports": False, "temporary": False}
        if name == "drift.yaml"
        else {"reports": False, "temporary": False}
    )
