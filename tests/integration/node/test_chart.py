"""The chart on a real node: the check on its schedule, and what can go wrong with a run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.charts import CHART, helm, settings
from tests.integration.node.conftest import NodePlace, awaited
from tests.nodes import RECONCILER, Node

MANIFEST = """
apiVersion: v1
kind: Secret
metadata: {{name: web, namespace: {}}}
stringData: {{value: one}}
"""
WITHIN_A_MINUTE_SECONDS = 240.0
ONCE_A_YEAR = "0 0 1 1 *"


class Release(NodePlace):
    """The chart in a namespace that holds Pods to the standard `restricted`."""

    def __init__(self, path: Path, node: Node, tools: Path) -> None:
        super().__init__(path, node)
        self.tools = tools
        standard = "pod-security.kubernetes.io/enforce=restricted"
        self.kubectl("label", "namespace", self.home, standard)
        (path / "web.yaml").write_text(MANIFEST.format(self.home))
        self.kubectl("create", "configmap", "manifests", "--from-file=web.yaml")

    def install(self, **values: Any) -> None:
        """Install the chart, or upgrade it; its apply Job has ended then."""
        repository, tag = RECONCILER.rsplit(":", 1)
        done = helm(
            self.tools,
            *("upgrade", "--install", "reconciler", CHART, "--namespace", self.home),
            *("--kubeconfig", self.cluster.kubeconfig, "--timeout", "4m"),
            *settings(
                image__repository=repository,
                image__tag=tag,
                set=self.home,
                setNamespace=self.home,
                namespaces=[self.home],
                source__volume={"configMap": {"name": "manifests"}},
                **{"drift__schedule": ONCE_A_YEAR, "drift__backoffLimit": 0, **values},
            ),
        )
        assert done.returncode == 0, done.stderr + self.log("reconciler-apply")

    def check(self, name: str) -> dict[str, Any]:
        """Run the check now, and return its Job once that has ended."""
        self.kubectl("create", "job", name, "--from=cronjob/reconciler-drift")
        return self.ended(name)

    def apply_again(self, name: str) -> dict[str, Any]:
        """Run the Job of the last apply again under another name."""
        template = self.live("reconciler-apply", "job")["spec"]["template"]
        del template["metadata"]["labels"]
        spec = {"backoffLimit": 0, "template": template}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}
        self.kubectl("create", "-f", "-", stdin=json.dumps(job))
        return self.ended(name)

    def ended(self, name: str) -> dict[str, Any]:
        awaited(lambda: self._end(name), f"{name} ends", WITHIN_A_MINUTE_SECONDS)
        end: dict[str, Any] = self._end(name)
        return end

    def _end(self, name: str) -> Any:
        conditions = self.live(name, "job").get("status", {}).get("conditions", [])
        ends = [one for one in conditions if one["type"] in {"Complete", "Failed"}]
        return ends and ends[0]

    def pods(self, job: str) -> list[dict[str, Any]]:
        text = self.kubectl("get", "pods", "-l", f"job-name={job}", "-o", "json")
        pods: list[dict[str, Any]] = json.loads(text)["items"]
        return pods

    def death(self, job: str) -> dict[str, Any]:
        """How the only container of the only Pod of a Job ended."""
        (pod,) = self.pods(job)
        (container,) = pod["status"]["containerStatuses"]
        end: dict[str, Any] = container["state"]["terminated"]
        return end

    def answers(self) -> bool:
        """Whether the API server does."""
        try:
            self.kubectl("get", "namespaces")
        except AssertionError:
            return False
        return True

    def log(self, job: str) -> str:
        return self.kubectl("logs", f"job/{job}")

    def scheduled(self) -> set[str]:
        """The Jobs that the schedule has started; those of `check` bear an annotation."""
        jobs = json.loads(self.kubectl("get", "jobs", "-o", "json"))["items"]
        return {
            job["metadata"]["name"]
            for job in jobs
            if "ownerReferences" in job["metadata"]
            and "cronjob.kubernetes.io/instantiate" not in job["metadata"].get("annotations", {})
        }


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: Node, tools: Path) -> Release:
    monkeypatch.chdir(tmp_path)
    return Release(tmp_path, node, tools)


def test_the_schedule_finds_what_somebody_changed_and_an_apply_restores_it(
    release: Release, figures: Callable[[str], None]
) -> None:
    began = time.monotonic()
    release.install(apply__enabled=True)
    installed = time.monotonic() - began
    assert release.live("web")["data"] == {"value": "b25l"}
    assert release.check("first")["type"] == "Complete"

    release.kubectl("patch", "secret", "web", "-p", '{"stringData": {"value": "two"}}')
    release.install(apply__enabled=False, drift__schedule="* * * * *")
    took = awaited(release.scheduled, "the schedule starts a run", WITHIN_A_MINUTE_SECONDS)
    (job,) = release.scheduled()
    end = release.ended(job)
    assert (end["type"], end["reason"]) == ("Failed", "PodFailurePolicy")
    assert release.death(job)["exitCode"] == 2
    log = release.log(job)
    assert "web" in log
    assert "  changed" in log
    assert "two" not in log

    release.install(apply__enabled=True)
    assert release.live("web")["data"] == {"value": "b25l"}
    assert release.check("last")["type"] == "Complete"
    figures(f"installed and applied in {installed:.0f} s, on schedule after {took:.0f} s")


def test_a_missing_right_is_named(release: Release) -> None:
    release.install(apply__enabled=True)
    release.kubectl("patch", "secret", "web", "-p", '{"stringData": {"value": "two"}}')
    role = f"reconciler-{release.home}-apply"
    rules = release.live(role, "role")["rules"]
    rules[0]["verbs"].remove("patch")
    release.kubectl("patch", "role", role, "--type=merge", "-p", json.dumps({"rules": rules}))
    assert release.apply_again("refused")["type"] == "Failed"
    assert release.death("refused")["exitCode"] == 1
    assert "patch" in release.log("refused")
    assert "Traceback" not in release.log("refused")
    rules[0]["verbs"].append("patch")
    release.kubectl("patch", "role", role, "--type=merge", "-p", json.dumps({"rules": rules}))
    assert release.apply_again("allowed")["type"] == "Complete"
    assert release.live("web")["data"] == {"value": "b25l"}


def test_a_run_without_enough_memory_or_time_fails_and_the_next_one_is_right(
    release: Release,
) -> None:
    release.install(apply__enabled=True)
    release.install(resources={"requests": {"memory": "16Mi"}, "limits": {"memory": "16Mi"}})
    assert release.check("small")["type"] == "Failed"
    assert release.death("small")["exitCode"] == 137
    release.install(drift__activeDeadlineSeconds=1)
    end = release.check("late")
    assert (end["type"], end["reason"]) == ("Failed", "DeadlineExceeded")
    release.install()
    assert release.check("right")["type"] == "Complete"


def test_a_restart_of_the_api_server_in_the_middle_of_a_run_is_survived(release: Release) -> None:
    release.install(apply__enabled=True, drift__backoffLimit=2)
    release.kubectl("create", "job", "run", "--from=cronjob/reconciler-drift")
    awaited(lambda: release.pods("run"), "the Pod is there")
    release.cluster.restart_server()
    awaited(release.answers, "the API server is back")
    assert release.ended("run")["type"] == "Complete"
