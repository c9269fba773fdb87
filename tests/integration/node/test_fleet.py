"""The Indexed Job that checks many environments in shards, and the report of all of them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts import FLEET, parsed
from tests.integration.node.conftest import Jobs, awaited
from tests.nodes import RECONCILER, Node

SHIPPED_IMAGE = "registry.example.com/reconciler:0.1.0"
SHARDS = {"eu-5": 0, "eu-1": 1, "eu-3": 2}
"""The index that each environment is checked by."""
HELD = "eu-3"
CGROUPS = Path("/sys/fs/cgroup/memory")


class Fleet(Jobs):
    """Environments that are sets in namespaces of their own, applied; the Job is set up.

    All manifests but one are in the ConfigMap. The one of `HELD` is beside the reports, where a
    pipe can take its place.
    """

    def __init__(self, path: Path, node: Node) -> None:
        super().__init__(path, node)
        for document in self._shipped("setup.yaml"):
            if document["kind"] != "PersistentVolumeClaim":  # nothing here provides volumes
                self.kubectl("apply", "-f", "-", stdin=json.dumps(document))
        self.reports = self.claim("fleet-reports")
        self.held = self.reports / "held.yaml"
        self.homes = {name: node.new_namespace() for name in SHARDS}
        settings = {
            name: {
                "store": "kubernetes:",
                "set": home,
                "set-namespace": home,
                "manifests": str(self.held) if name == HELD else f"{name}.yaml",
            }
            for name, home in self.homes.items()
        }
        text = yaml.safe_dump({"environments": settings}, sort_keys=False)
        self.write("reconciler.yaml", text)
        self.held.write_text(self.manifest(HELD), encoding="utf-8")
        names = [f"{name}.yaml" for name in SHARDS if name != HELD]
        for name in SHARDS.keys() - {HELD}:
            self.write(f"{name}.yaml", self.manifest(name))
        self.ok("apply", "--all", "--auto-approve", "--quiet")
        self.write("reconciler.yaml", text.replace(str(self.reports), "/reports"))
        files = [f"--from-file={name}" for name in ("reconciler.yaml", *names)]
        self.kubectl("create", "configmap", "fleet", *files)

    def manifest(self, name: str) -> str:
        return (
            "apiVersion: v1\nkind: Secret\n"
            f"metadata: {{name: web, namespace: {self.homes[name]}}}\n"
            f"stringData: {{value: canary-{name}}}\n"
        )

    def change(self, name: str) -> None:
        """Change a value in the store behind the set's back."""
        patch = '{"stringData": {"value": "canary-of-somebody-else"}}'
        self.cluster.kubectl("-n", self.homes[name], "patch", "secret", "web", "-p", patch)

    def hold(self) -> None:
        """Let each check of `HELD` wait for its manifest."""
        self.held.unlink()
        os.mkfifo(self.held)
        self.held.chmod(0o666)

    def let_go(self, manifest: str) -> None:
        """Give this manifest to the check that waits, or will."""
        awaited(lambda: self._reached(manifest.encode()), "a check waits for its manifest")

    def _reached(self, content: bytes) -> bool:
        try:
            handle = os.open(self.held, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads
            return False
        with os.fdopen(handle, "wb") as pipe:
            pipe.write(content)
        return True

    def start_check(self, **changes: Any) -> str:
        """Start the Job of shards, its specification with `changes`, and return its name."""
        (job,) = self._shipped("drift.yaml")
        job["spec"].update(changes)
        return self._created(job)

    def report(self, check: str) -> str:
        """Put the reports of that Job together, and return the name of the Job that has done it."""
        (job,) = self._shipped("report.yaml", RUN=check)
        name = self._created(job)
        self.ended(name)
        return name

    def shards(self, check: str) -> dict[int, list[int]]:
        """The exit codes of the Pods of each index that have ended, by the time of their start."""
        ends: dict[int, list[int]] = {}
        for pod in sorted(self.pods(check), key=lambda one: one["metadata"]["creationTimestamp"]):
            index = int(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])
            (container,) = pod["status"].get("containerStatuses", [{"state": {}}])
            if end := container["state"].get("terminated"):
                ends.setdefault(index, []).append(end["exitCode"])
        return ends

    def kill(self, check: str, index: int) -> None:
        """Kill the process of the Pod that runs that index."""
        awaited(lambda: self._processes(check, index), f"index {index} runs")
        for process in self._processes(check, index):
            os.kill(process, signal.SIGKILL)

    def _processes(self, check: str, index: int) -> list[int]:
        """The processes of an index as this machine numbers them."""
        label = f"job-name={check},batch.kubernetes.io/job-completion-index={index}"
        pods = json.loads(self.kubectl("get", "pods", "-l", label, "-o", "json"))["items"]
        running = [
            (pod["metadata"]["uid"], container["containerID"].partition("://")[2])
            for pod in pods
            for container in pod["status"].get("containerStatuses", [])
            if "running" in container["state"]
        ]
        groups = [group for ids in running for group in CGROUPS.glob("**/pod{}/{}".format(*ids))]
        return [
            int(number)
            for group in groups
            for number in (group / "cgroup.procs").read_text().split()
        ]

    def _shipped(self, name: str, **words: str) -> list[dict[str, Any]]:
        """The documents of a file, for this namespace and with the image of the tests."""
        text = (FLEET / name).read_text(encoding="utf-8")
        text = text.replace(SHIPPED_IMAGE, RECONCILER)
        text = text.replace("namespace: reconciler", f"namespace: {self.home}")
        for word, meaning in words.items():
            assert text.count(f"fleet-drift-{word}") == 1
            text = text.replace(f"fleet-drift-{word}", meaning)
        return parsed(text)

    def _created(self, job: dict[str, Any]) -> str:
        created = self.kubectl("create", "-f", "-", "-o", "name", stdin=json.dumps(job))
        return created.strip().partition("/")[2]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: Node) -> Fleet:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(node.kubeconfig))
    return Fleet(tmp_path, node)


def test_a_shard_that_is_killed_or_fails_is_run_again_and_one_with_drift_is_not(
    fleet: Fleet,
) -> None:
    fleet.change("eu-1")
    fleet.hold()
    check = fleet.start_check()
    fleet.kill(check, SHARDS[HELD])
    awaited(lambda: fleet.shards(check).get(SHARDS[HELD]) == [137], "it is killed")
    fleet.let_go("kind: [")
    awaited(lambda: fleet.shards(check).get(SHARDS[HELD]) == [137, 1], "it fails")
    fleet.let_go(fleet.manifest(HELD))
    end = fleet.ended(check)
    assert (end["type"], end["reason"]) == ("Failed", "FailedIndexes")
    assert fleet.shards(check) == {0: [0], 1: [2], 2: [137, 1, 0]}
    status = fleet.live(check, "job")["status"]
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0,2", "1")

    report = fleet.report(check)
    assert fleet.ended(report)["type"] == "Complete"
    log = fleet.log(report)
    sections = [line for line in log.splitlines() if line.startswith("Environment ")]
    assert sections == [f"Environment {name}" for name in SHARDS]
    assert f"Secret/{fleet.homes['eu-1']}/web (drifted)" in log
    assert log.endswith("\n3 environments: 1 with changes (eu-1).\n")
    assert "canary" not in log
    written = {path.name for path in (fleet.reports / check).iterdir()}
    assert written == {"0.json", "1.json", "2.json", "report.html"}


def test_a_shard_that_left_no_report_is_named(fleet: Fleet) -> None:
    fleet.hold()
    check = fleet.start_check(backoffLimitPerIndex=0)
    fleet.kill(check, SHARDS[HELD])
    end = fleet.ended(check)
    assert (end["type"], end["reason"]) == ("Failed", "FailedIndexes")
    assert fleet.shards(check) == {0: [0], 1: [0], 2: [137]}

    report = fleet.report(check)
    assert fleet.ended(report)["type"] == "Failed"
    log = fleet.log(report)
    assert "Shard 3/3 is missing: there is no report of it.\n" in log
    assert "3 environments: 1 failed (eu-3).\n" in log
