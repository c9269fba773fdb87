"""Places in a cluster with a real node: what runs in Pods, and what Pods see."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import nodes
from tests.integration.conftest import Place
from tests.nodes import BUSYBOX, Node

WITHIN_A_MINUTE_SECONDS = 240.0
"""How long what takes a minute at most may take on a busy machine."""
_PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the program's image."""
    nodes.need()
    return nodes.reconciler_image(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def node(
    control_plane: None,  # noqa: ARG001 - says what is needed
    image: Path,
) -> Iterator[Node]:
    """A node for the whole run; a test takes namespaces of its own in it."""
    node = nodes.started(image)
    yield node
    node.stop()


@pytest.fixture
def place(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodePlace:
    monkeypatch.chdir(tmp_path)
    return NodePlace(tmp_path, node)


def awaited(done: Callable[[], Any], what: str, seconds: float = _PATIENCE_SECONDS) -> float:
    """Wait until `done` is true, and return the seconds that it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, f"in vain: {what}"
        time.sleep(0.2)
    return time.monotonic() - began


class NodePlace(Place):
    """A namespace of a cluster in which Pods run."""

    def pod(self, name: str, secret: str) -> None:
        """Run a Pod that has the key `value` of `secret` as a variable, a volume and a subPath."""
        container = {
            "name": "main",
            "image": BUSYBOX,
            "env": [
                {
                    "name": "VALUE",
                    "valueFrom": {"secretKeyRef": {"name": secret, "key": "value"}},
                }
            ],
            "volumeMounts": [
                {"name": "secret", "mountPath": "/volume"},
                {"name": "secret", "mountPath": "/sub/value", "subPath": "value"},
            ],
        }
        spec = {
            "terminationGracePeriodSeconds": 0,
            "dnsPolicy": "Default",
            "containers": [container],
            "volumes": [{"name": "secret", "secret": {"secretName": secret}}],
        }
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        self.kubectl("create", "-f", "-", stdin=json.dumps(document))
        self.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=120s")

    def remove_pod(self, name: str) -> None:
        """Delete a Pod, and wait until it is gone."""
        self.kubectl("delete", "pod", name, "--wait", "--timeout=60s")

    def variable(self, pod: str) -> str:
        return self.kubectl("exec", pod, "--", "sh", "-c", "echo -n $VALUE")

    def volume(self, pod: str) -> str:
        return self.kubectl("exec", pod, "--", "cat", "/volume/value")

    def sub_path(self, pod: str) -> str:
        return self.kubectl("exec", pod, "--", "cat", "/sub/value")


class Jobs(NodePlace):
    """A namespace that holds the Pods of Jobs to the standard `restricted`."""

    def __init__(self, path: Path, node: Node) -> None:
        super().__init__(path, node)
        standard = "pod-security.kubernetes.io/enforce=restricted"
        self.kubectl("label", "namespace", self.home, standard)

    def claim(self, name: str) -> Path:
        """A claim of that name that is bound, as a directory of this machine.

        No controller of the tests binds claims.
        """
        directory = self.cluster.directory / "var" / f"{self.home}-{name}"
        directory.mkdir()
        directory.chmod(0o777)
        volume = f"{self.home}-{name}"
        common = {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": volume}
        size = {"storage": "1Mi"}
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": name,
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
            },
            "spec": {**common, "resources": {"requests": size}},
        }
        self.kubectl("create", "-f", "-", stdin=json.dumps(claim))
        uid = self.live(name, "pvc")["metadata"]["uid"]
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "capacity": size,
            "claimRef": {"namespace": self.home, "name": name, "uid": uid},
            "hostPath": {"path": f"/var/{volume}"},
        }
        document = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume}}
        self.kubectl("create", "-f", "-", stdin=json.dumps({**document, "spec": spec}))
        bound = ("--subresource=status", "--type=merge", "-p", '{"status": {"phase": "Bound"}}')
        self.kubectl("patch", "pv", volume, *bound)
        self.kubectl("patch", "pvc", name, *bound)
        return directory

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

    def log(self, job: str) -> str:
        return self.kubectl("logs", f"job/{job}")
