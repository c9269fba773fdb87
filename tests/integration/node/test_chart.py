"""The chart on a real node: the check on its schedule, and what can go wrong with a run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.charts import CHART, helm, settings
from tests.integration.node.conftest import WITHIN_A_MINUTE_SECONDS, Jobs, awaited
from tests.nodes import BUSYBOX, RECONCILER, Node

MANIFEST = """
apiVersion: v1
kind: Secret
metadata: {{name: web, namespace: {}}}
stringData: {{value: one}}
"""
SECRETS = 3000
"""So many that an apply of them, one at a time, takes some seconds."""
TOO_MANY = 20_000
"""Secrets whose manifests alone take more than 64 MiB."""
MEMORY = Path("/sys/fs/cgroup/memory")
ONCE_A_YEAR = "0 0 1 1 *"
USUAL: dict[str, Any] = {
    "source__volume": {"configMap": {"name": "manifests"}},
    "drift__schedule": ONCE_A_YEAR,
    "drift__backoffLimit": 0,
}


class Release(Jobs):
    """The chart in such a namespace."""

    def __init__(self, path: Path, node: Node, tools: Path) -> None:
        super().__init__(path, node)
        self.tools = tools
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
                **{**USUAL, **values},
            ),
        )
        assert done.returncode == 0, done.stderr + self.log("reconciler-apply")

    def check(self, name: str) -> dict[str, Any]:
        """Run the check now, and return its Job once that has ended."""
        self.kubectl("create", "job", name, "--from=cronjob/reconciler-drift")
        return self.ended(name)

    def apply_again(self, name: str) -> dict[str, Any]:
        """Run the Job of the last apply again under another name."""
        self.begin_apply(name)
        return self.ended(name)

    def begin_apply(self, name: str, memory: str = "") -> None:
        """Start the Job of the last apply again, with its policy of failures and no retry.

        `memory` takes the place of the limit that it had.
        """
        last = self.live("reconciler-apply", "job")["spec"]
        template = last["template"]
        if memory:
            (container,) = template["spec"]["containers"]
            container["resources"] = {"limits": {"memory": memory}}
        del template["metadata"]["labels"]
        spec = {
            "backoffLimit": 0,
            "podFailurePolicy": last["podFailurePolicy"],
            "template": template,
        }
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}
        self.kubectl("create", "-f", "-", stdin=json.dumps(job))

    def is_locked(self) -> bool:
        """Whether an apply is at work on the set."""
        return bool(self.kubectl("get", "leases", "-o", "name"))

    def receiver(self) -> str:
        """Run a web hook in a Pod, and return its URL; `told` has what it was sent."""
        answer = (
            'while read -r line; do line=${line%?}; [ -z "$line" ] && break; '
            "case $line in [Cc]ontent-[Ll]ength:*) size=${line#*: };; esac; done; "
            "busybox head -c $size >>/told/told; echo >>/told/told; "
            "printf 'HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n'"
        )
        script = 'while :; do nc -l -p 8080 -e sh -c "$ANSWER"; done'
        user = {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        container = {
            "name": "main",
            "image": BUSYBOX,
            "command": ["sh", "-c", script],
            "env": [{"name": "ANSWER", "value": answer}],
            "volumeMounts": [{"name": "told", "mountPath": "/told"}],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
        spec = {
            "terminationGracePeriodSeconds": 0,
            "dnsPolicy": "Default",
            "securityContext": user,
            "containers": [container],
            "volumes": [{"name": "told", "emptyDir": {}}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "receiver"}, "spec": spec}
        self.kubectl("create", "-f", "-", stdin=json.dumps(pod))
        self.kubectl("wait", "--for=condition=Ready", "pod/receiver", "--timeout=120s")
        return f"http://{self.live('receiver', 'pod')['status']['podIP']}:8080/"

    def events(self) -> list[tuple[str, str, float]]:
        """Object and reason of each Event of the check, and when it was first written."""
        items = json.loads(self.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
        return [
            (item["regarding"]["name"], item["reason"], seconds(item["eventTime"]))
            for item in items
            if item["reportingController"] == "reconciler/drift"
        ]

    def exists(self, name: str) -> bool:
        return bool(self.kubectl("get", "secret", name, "--ignore-not-found", "-o", "name"))

    def made(self) -> list[str]:
        """The Secrets of the manifests that are there."""
        names = self.kubectl("get", "secrets", "-o", "name").split()
        return [name for name in names if name.startswith("secret/s") and name[8:].isdigit()]

    def evict(self, pod: str) -> None:
        """Evict a Pod, as whoever drains its node does."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        path = f"/api/v1/namespaces/{self.home}/pods/{pod}/eviction"
        self.cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))

    def starve(self, job: str) -> None:
        """Leave the container of a Job the memory that it has, until the kernel kills it."""
        (pod,) = self.pods(job)
        (container,) = pod["status"]["containerStatuses"]
        _, identity = container["containerID"].split("//")
        (group,) = MEMORY.glob(f"**/pod{pod['metadata']['uid']}/{identity}")
        limit, usage = group / "memory.limit_in_bytes", group / "memory.usage_in_bytes"

        def is_killed() -> bool:
            with suppress(OSError):  # it cannot be lowered so far, or is gone
                limit.write_text(usage.read_text())
            return not group.exists()

        awaited(is_killed, "the kernel kills it")

    def told(self) -> list[dict[str, Any]]:
        """What the receiver was sent."""
        text = self.kubectl("exec", "receiver", "--", "sh", "-c", "cat /told/told 2>&1 || :")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

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
    url = release.receiver()
    release.kubectl("create", "secret", "generic", "receivers", f"--from-literal=urls={url}")
    release.claim("told")
    metrics = release.claim("metrics") / "reconciler.prom"
    watching = {
        "drift__events": True,
        "drift__notify": {"secretName": "receivers", "claimName": "told"},
        "metrics__claimName": "metrics",
        "metrics__image": "registry.test/none:1",
    }
    began = time.monotonic()
    release.install(apply__enabled=True, **watching)
    installed = time.monotonic() - began
    assert release.live("web")["data"] == {"value": "b25l"}
    assert release.check("first")["type"] == "Complete"
    assert f'reconciler_drift_detected{{set="{release.home}"' in metrics.read_text()
    assert release.told() == release.events() == []

    release.kubectl("patch", "secret", "web", "-p", '{"stringData": {"value": "two"}}')
    release.install(apply__enabled=False, drift__schedule="* * * * *", **watching)
    took = awaited(release.scheduled, "the schedule starts a run", WITHIN_A_MINUTE_SECONDS)
    (job, *_) = sorted(release.scheduled())
    end = release.ended(job)
    assert (end["type"], end["reason"]) == ("Failed", "PodFailurePolicy")
    assert release.death(job)["exitCode"] == 2
    log = release.log(job)
    assert "web" in log
    assert "Warning" not in log
    assert "  changed" in log
    assert "two" not in log
    drifted = f'object="Secret/{release.home}/web",state="drifted"}} 1'
    assert drifted in metrics.read_text()
    about = {(name, reason) for name, reason, _ in release.events()}
    assert about == {("web", "Drifted"), (f"reconciler-{release.home}", "Drifted")}
    (message,) = release.told()
    assert message["type"] == "reconciler.drift.appeared"
    assert "data[value]" in json.dumps(message)
    times = [at for _, _, at in release.events()]
    assert metrics.stat().st_mtime < min(times) <= max(times) < seconds(message["time"]) + 1

    release.install(apply__enabled=True, **watching)
    assert release.live("web")["data"] == {"value": "b25l"}
    assert release.check("last")["type"] == "Complete"
    assert drifted not in metrics.read_text()
    assert {reason for _, reason, _ in release.events()} == {"Drifted", "DriftGone"}
    assert [each["type"] for each in release.told()][-1] == "reconciler.drift.gone"
    figures(f"installed and applied in {installed:.0f} s, on schedule after {took:.0f} s")


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


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


@pytest.mark.parametrize("end", ["evicted", "too late"])
def test_an_apply_that_is_ended_in_the_middle_loses_nothing_and_gives_the_lock_back(
    release: Release, end: str
) -> None:
    many = "---".join(
        MANIFEST.format(release.home).replace("name: web", f"name: s{number}")
        for number in range(SECRETS)
    )
    release.install(apply__enabled=True, apply__extraArgs=["--parallelism=1"])
    release.write("many.yaml", many)
    release.kubectl("delete", "configmap", "manifests")
    release.kubectl("create", "configmap", "manifests", "--from-file=web.yaml=many.yaml")
    release.begin_apply("ended")
    awaited(release.is_locked, "the apply is at work")
    awaited(lambda: len(release.made()) > 1, "it has made some")
    (pod,) = release.pods("ended")
    name = pod["metadata"]["name"]
    if end == "evicted":
        release.evict(name)
        assert release.ended("ended")["type"] == "Complete", "an eviction is no failure"
        assert name not in {each["metadata"]["name"] for each in release.pods("ended")}
    else:
        release.kubectl("patch", "job", "ended", "-p", '{"spec": {"activeDeadlineSeconds": 1}}')
        assert release.ended("ended")["reason"] == "DeadlineExceeded"
        awaited(lambda: not release.pods("ended"), "the Pod is gone")
        awaited(lambda: not release.is_locked(), "the lock is given back", 20.0)
        assert 1 < len(release.made()) < SECRETS
        assert release.apply_again("next")["type"] == "Complete"
    assert len(release.made()) == SECRETS
    assert not release.is_locked()
    assert release.check("right")["type"] == "Complete"


def test_an_apply_that_the_kernel_kills_for_memory_loses_nothing(
    release: Release, figures: Callable[[str], None]
) -> None:
    manifests = release.claim("source")
    (manifests / "web.yaml").write_text(MANIFEST.format(release.home))
    release.install(
        apply__enabled=True,
        source__volume={"persistentVolumeClaim": {"claimName": "source"}},
        apply__extraArgs=["--lock-timeout=120"],
        resources={"limits": {"memory": "512Mi"}},
    )
    names = [f"s{number}" for number in range(TOO_MANY)]
    (manifests / "many.yaml").write_text(
        "---".join(MANIFEST.format(release.home).replace("web", name) for name in names)
    )

    release.begin_apply("small", memory="64Mi")
    assert release.ended("small")["type"] == "Failed"
    assert release.death("small")["reason"] == "OOMKilled"
    assert release.made() == []

    release.begin_apply("starved")
    awaited(lambda: release.exists("s100"), "it has made some")
    release.starve("starved")
    assert release.ended("starved")["type"] == "Failed"
    assert release.death("starved")["reason"] == "OOMKilled"
    before = len(release.made())
    assert 100 < before < TOO_MANY
    assert release.is_locked()

    began = time.monotonic()
    assert release.apply_again("next")["type"] == "Complete"
    took = time.monotonic() - began
    assert len(release.made()) == TOO_MANY
    assert not release.is_locked()
    assert release.check("right")["type"] == "Complete"
    figures(f"killed after {before} of {TOO_MANY}, the next apply took {took:.0f} s")
