"""A drift check in shards, as an Indexed Job on a real node: one of them is killed and retried."""

from __future__ import annotations

import base64
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model.shards import Shard
from tests.clusters import HERE
from tests.integration.node.conftest import awaited
from tests.integration.node.test_chart import MEMORY, Release
from tests.nodes import RECONCILER, Node

EXAMPLES = HERE.parent / "integrations" / "kubernetes" / "examples" / "fleet"
NAMES = ("staging", "eu-1", "eu-2", "eu-3", "eu-4", "eu-5", "eu-6")
DRIFTED = "eu-3"
KILLED = 1
"""The index of the shard with most environments."""


class Fleet(Release):
    """The example manifests, in a namespace that holds Pods to the standard `restricted`."""

    def __init__(self, path: Path, node: Node, tools: Path) -> None:
        super().__init__(path, node, tools)
        self.reports = self.claim("fleet-reports")
        config = {
            "defaults": {"namespace": self.home, "set-namespace": self.home},
            "environments": {
                name: {
                    "store": "kubernetes:admin",
                    "set": f"{self.home}-{name}",
                    "manifests": f"{name}.yaml",
                }
                for name in NAMES
            },
        }
        files = {"reconciler.yaml": yaml.safe_dump(config, sort_keys=False)}
        for name in NAMES:
            metadata = {"name": name, "namespace": self.home}
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
            files[f"{name}.yaml"] = yaml.safe_dump(secret | {"stringData": {"value": "one"}})
        for name, text in files.items():
            self.write(name, text)
        self.create("ConfigMap", "fleet", data=files)
        text = self.cluster.kubeconfig.read_text()
        (given,) = {each["cluster"]["server"] for each in yaml.safe_load(text)["clusters"]}
        kubernetes = json.loads(self.cluster.kubectl("get", "svc", "kubernetes", "-o", "json"))
        address = f"https://{kubernetes['spec']['clusterIP']}:443"
        content = base64.b64encode(text.replace(given, address).encode()).decode()
        self.create("Secret", "fleet-kubeconfig", data={"config": content})

    def create(self, kind: str, name: str, **content: Any) -> None:
        head = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
        self.kubectl("create", "-f", "-", stdin=json.dumps(head | content))

    def begin(self, example: str, name: str, *, shards: int = 3) -> None:
        """Create the Job of an example under that name, with the image of the tests."""
        (job,) = yaml.safe_load_all((EXAMPLES / f"{example}.yaml").read_text())
        job["metadata"]["name"] = name
        (container,) = job["spec"]["template"]["spec"]["containers"]
        container["image"] = RECONCILER
        if example == "drift":
            (count,) = [each for each in container["env"] if each["name"] == "RECONCILER_SHARDS"]
            assert count["value"] == str(job["spec"]["completions"])
            job["spec"]["completions"], count["value"] = shards, str(shards)
        self.kubectl("create", "-f", "-", stdin=json.dumps(job))

    def kill(self, job: str, index: int) -> None:
        """Kill the program in the first Pod of an index, as soon as it runs."""
        awaited(lambda: self.attempts(job, index), "the Pod is there")
        (pod,) = self.attempts(job, index)
        uid = pod["metadata"]["uid"]

        def is_killed() -> bool:
            for file in MEMORY.glob(f"**/pod{uid}/*/cgroup.procs"):
                with suppress(OSError):
                    for process in map(int, file.read_text().split()):
                        if b"RECONCILER_SHARD=" in Path(f"/proc/{process}/environ").read_bytes():
                            os.kill(process, signal.SIGKILL)
                            return True
            return False

        awaited(is_killed, "it is killed")

    def attempts(self, job: str, index: int) -> list[dict[str, Any]]:
        label = "batch.kubernetes.io/job-completion-index"
        return [each for each in self.pods(job) if each["metadata"]["labels"][label] == str(index)]

    def exit_codes(self, job: str, index: int) -> list[int]:
        """How the attempts of an index ended."""
        ends = [
            each["status"]["containerStatuses"][0]["state"] for each in self.attempts(job, index)
        ]
        return sorted(end["terminated"]["exitCode"] for end in ends)


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: Node, tools: Path) -> Fleet:
    monkeypatch.chdir(tmp_path)
    return Fleet(tmp_path, node, tools)


def owner(environment: str) -> int:
    """The index of the shard of an environment."""
    return next(index for index in range(3) if Shard(index + 1, 3).has(environment))


def test_a_check_in_shards_of_which_one_is_killed_is_that_of_a_whole_run(fleet: Fleet) -> None:
    assert owner(DRIFTED) != KILLED
    access = ("--config", "reconciler.yaml", "--kubeconfig", str(fleet.cluster.kubeconfig))
    fleet.ok("apply", "--all", "--auto-approve", *access)
    patch = ("-p", '{"stringData": {"value": "two"}}')
    fleet.kubectl("patch", "secret", DRIFTED, *patch)

    fleet.begin("drift", "fleet-drift")
    fleet.kill("fleet-drift", KILLED)
    end = fleet.ended("fleet-drift")
    assert (end["type"], end["reason"]) == ("Failed", "FailedIndexes")
    status = fleet.live("fleet-drift", "job")["status"]
    assert status["failedIndexes"] == str(owner(DRIFTED)), "drift is not retried"
    assert fleet.exit_codes("fleet-drift", owner(DRIFTED)) == [2]
    assert fleet.exit_codes("fleet-drift", KILLED) == [0, 137], "what was killed is"

    fleet.begin("report", "fleet-report")
    assert fleet.ended("fleet-report")["type"] == "Complete", fleet.log("fleet-report")
    fleet.begin("drift", "fleet-whole", shards=1)
    assert fleet.ended("fleet-whole")["type"] == "Failed"
    merged, whole = (
        fleet.ok("report", str(fleet.reports / job), "-o", "json").out
        for job in ("fleet-drift", "fleet-whole")
    )
    assert json.loads(merged) == json.loads(whole)
    assert f"7 environments: 1 with changes ({DRIFTED})." in fleet.log("fleet-report")

    (fleet.reports / "fleet-drift" / f"{KILLED}.json").unlink()
    fleet.begin("report", "fleet-report-2")
    assert fleet.ended("fleet-report-2")["type"] == "Failed"
    assert f"shard {KILLED + 1}/3 is missing" in fleet.log("fleet-report-2")
