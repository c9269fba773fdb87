"""Restarts of workloads, seen from inside their Pods; and old versions during a real rollout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.node.conftest import NodePlace, awaited
from tests.nodes import BUSYBOX, Node

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
RUNNING = "exec sleep 2147483647"
CHECKING = f'test "$VALUE" != two && {RUNNING}'
"""The command of a container that comes up with any value but one."""
READY = {"exec": {"command": ["ls", "/tmp/ready"]}, "periodSeconds": 1}  # noqa: S108 - in a Pod


def manifest(name: str, value: str, *more: str) -> str:
    lines = ("apiVersion: v1", "kind: Secret", f"metadata: {{name: {name}}}", *more)
    return "\n".join([*lines, f"stringData: {{value: {value}}}", ""])


class Workloads(NodePlace):
    """Workloads that have the value of a Secret as a variable."""

    def run_workload(
        self,
        kind: str,
        name: str,
        of: str = "web",
        command: str = RUNNING,
        probe: dict[str, Any] | None = None,
    ) -> None:
        """Create a workload that uses the Secret `of`, or change it to another one."""
        reference = {"secretKeyRef": {"name": of, "key": "value"}}
        container = {
            "name": "main",
            "image": BUSYBOX,
            "command": ["sh", "-c", command],
            "env": [{"name": "VALUE", "valueFrom": reference}],
            **({} if probe is None else {"readinessProbe": probe}),
        }
        pod = {"terminationGracePeriodSeconds": 0, "dnsPolicy": "Default"}
        labels = {"app": name}
        spec: dict[str, Any] = {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {**pod, "containers": [container]},
            },
        }
        if kind == "StatefulSet":
            spec["serviceName"] = name
        document = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(document))

    def await_rollout(self, kind: str, name: str) -> None:
        self.kubectl("rollout", "status", f"{kind}/{name}", "--timeout=120s")

    def pods(self, name: str) -> list[str]:
        """The Pods of a workload that are not being deleted."""
        items = json.loads(self.kubectl("get", "pods", "-l", f"app={name}", "-o", "json"))["items"]
        return [
            item["metadata"]["name"]
            for item in items
            if "deletionTimestamp" not in item["metadata"]
        ]

    def is_running(self, pod: str) -> bool:
        return bool(self.live(pod, "pod")["status"].get("phase") == "Running")

    def values_that_run(self, name: str) -> set[str]:
        """What those Pods have as their variable that have come up."""
        items = json.loads(self.kubectl("get", "pods", "-l", f"app={name}", "-o", "json"))["items"]
        return {
            self.variable(item["metadata"]["name"])
            for item in items
            if all(
                each["ready"] for each in item["status"].get("containerStatuses", [{"ready": 0}])
            )
        }

    def values(self, name: str) -> list[str]:
        """What the Pods of a workload have as their variable."""
        return [self.variable(pod) for pod in self.pods(name)]


@pytest.fixture
def place(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workloads:
    monkeypatch.chdir(tmp_path)
    return Workloads(tmp_path, node)


def test_all_kinds_of_workloads_are_restarted_one_by_one_and_have_the_new_value(
    place: Workloads,
) -> None:
    place.write("web.yaml", manifest("web", "one"))
    assert place.apply().code == 0
    for kind in KINDS:
        place.run_workload(kind, kind.lower())
    for kind in KINDS:
        place.await_rollout(kind, kind.lower())
    place.pod("bare", "web")

    place.write("web.yaml", manifest("web", "two"))
    planned = place.plan("--restart-workloads")
    assert "1 to update, 0 to replace, 0 to delete, 3 to restart" in planned.out
    assert f"Pod/{place.home}/bare is not restarted: nothing would make its Pods" in planned.out
    applied = place.apply("--restart-workloads")
    assert applied.code == 0, applied.err
    for kind in KINDS:
        assert f"restarted {kind}/{place.home}/{kind.lower()}" in applied.out
        assert place.values(kind.lower()) == ["two"]
    assert place.variable("bare") == "one"
    assert "No changes" in place.plan("--restart-workloads").out


def test_a_rollout_that_fails_stops_and_the_next_apply_goes_on(place: Workloads) -> None:
    place.write("web.yaml", manifest("web", "one"))
    place.write("old.yaml", manifest("old", "one"))
    assert place.apply().code == 0
    place.run_workload("Deployment", "a", command=CHECKING)
    place.run_workload("Deployment", "b")
    for name in ("a", "b"):
        place.await_rollout("Deployment", name)

    place.write("web.yaml", manifest("web", "two"))
    (place.path / "old.yaml").unlink()
    options = ("--restart-workloads", "--prune", "--max-deletes", "1", "--wait-timeout", "10")
    failed = place.apply(*options)
    assert failed.code == 5, failed.err
    said = failed.out + failed.err
    assert (
        f"failed to restart Deployment/{place.home}/a: the restart has begun, and has not" in said
    )
    assert "the next apply goes on with this workload" in said
    assert f"skipped Deployment/{place.home}/b" in said
    assert "one" in place.values_that_run("a")
    assert place.values("b") == ["one"]
    assert place.live("old")["data"] == {"value": "b25l"}
    owed = place.plan("--prune")
    assert f"Deployment/{place.home}/b keeps old values of Secret/{place.home}/web" in owed.out

    place.write("web.yaml", manifest("web", "three"))
    again = place.apply(*options[:-1], "120")
    assert again.code == 0, again.err
    assert place.values("a") == place.values("b") == ["three"]
    assert "No changes" in place.plan("--restart-workloads", "--prune").out


def test_an_old_version_is_kept_until_the_old_replica_set_has_no_pods(place: Workloads) -> None:
    plain = "{name: web}"
    versioned = "{name: web, annotations: {reconciler/replace: versioned}}"
    first = manifest("web", "one", "immutable: true").replace(plain, versioned)
    place.write("web.yaml", first)
    assert place.apply().code == 0
    place.run_workload("Deployment", "web")
    place.await_rollout("Deployment", "web")

    place.write("web.yaml", first.replace("value: one", "value: two"))
    searching = ("--prune", "--consumers")
    assert place.apply(*searching).code == 0
    names = json.loads(place.kubectl("get", "secrets", "-o", "json"))["items"]
    (new,) = [
        item["metadata"]["name"] for item in names if item["metadata"]["name"].startswith("web-")
    ]
    assert f"still used by Deployment/{place.home}/web" in place.plan(*searching).out
    old = place.pods("web")

    place.run_workload("Deployment", "web", of=new, probe=READY)
    awaited(lambda: len(place.pods("web")) == 2, "a Pod of the new ReplicaSet is there")
    during = place.plan(*searching).out
    assert "No changes" in during
    assert f"still used by ReplicaSet/{place.home}/web-" in during
    assert place.values_that_run("web") >= {"one"}

    (fresh,) = {*place.pods("web")} - {*old}
    awaited(lambda: place.is_running(fresh), "the new Pod runs")
    place.kubectl("exec", fresh, "--", "mkdir", "/tmp/ready")  # noqa: S108 - in the Pod
    place.await_rollout("Deployment", "web")
    awaited(lambda: "1 to delete" in place.plan(*searching).out, "nothing uses the old version")
    assert place.apply(*searching).code == 0
    assert place.kubectl("get", "secret", "web", "--ignore-not-found", "-o", "name") == ""
    assert place.values("web") == ["two"]
