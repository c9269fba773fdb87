"""A directory of manifests, a namespace of a real cluster, and the program between the two."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import kubernetes.config

from tests.cli.conftest import Result, Workplace
from tests.clusters import Cluster

Document = dict[str, Any]
PATIENCE = 60.0
"""Seconds after which something that should have come is not expected any more."""


def awaited(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)


def data_of(document: Mapping[str, Any]) -> dict[str, str]:
    values = document.get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in values.items()}


class Site(Workplace):
    """Everything happens in the namespace ``home``, where the set has its parent, too."""

    def __init__(self, path: Path, cluster: Cluster) -> None:
        super().__init__(path)
        self.cluster = cluster
        self.home = cluster.new_namespace()
        self._admin = kubernetes.config.new_client_from_config(str(cluster.kubeconfig), "admin")
        self.log_in("admin")

    def log_in(self, context: str, kubeconfig: Path | None = None) -> None:
        """From now on, commands are those of `context`."""
        settings = {
            "store": f"kubernetes:{context}",
            "kubeconfig": str(kubeconfig or self.cluster.kubeconfig),
            "set-namespace": self.home,
            "namespace": self.home,
            "manifests": "manifests",
        }
        self.write("reconciler.yaml", json.dumps(settings))

    def put(self, *documents: Document) -> None:
        """Make `documents` all that the manifests are."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self.write("manifests/all.json", json.dumps(listed))

    def apply(self, *options: str, code: int = 0) -> Result:
        result = self.run("apply", "--auto-approve", *options)
        assert result.code == code, result
        assert "Traceback" not in result.err
        assert "unexpected" not in result.out + result.err
        return result

    def converged(self, *options: str) -> None:
        """The manifests and the cluster are the same."""
        result = self.run("plan", "--detailed-exitcode", *options)
        assert result.code == 0, result

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """kubectl in the site's namespace, as the administrator."""
        return self.cluster.kubectl("--namespace", self.home, *arguments, stdin=stdin)

    def create(self, *documents: Document, namespace: str = "") -> None:
        """Create objects as somebody else."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        where = ("--namespace", namespace) if namespace else ()
        self.kubectl(*where, "create", "-f", "-", stdin=json.dumps(listed))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        expected: Container[int] = range(200, 300),
    ) -> Any:
        """One request as the administrator; kubectl is slower.

        `path` is below that of the namespace's own objects, unless it begins with a slash.
        """
        answer = self._admin.call_api(
            *self._admin.param_serialize(
                method,
                path if path.startswith("/") else f"/api/v1/namespaces/{self.home}/{path}",
                header_params={"Accept": "application/json", "Content-Type": content_type},
                body=body,
            )
        )
        text = answer.read()
        assert answer.status in expected, text
        return json.loads(text)

    def live(self, name: str) -> Document:
        found: Document = self.call("GET", f"secrets/{name}")
        return found

    def patch(self, name: str, merged: Document) -> None:
        """Change a Secret as somebody else."""
        self.call("PATCH", f"secrets/{name}", merged, "application/merge-patch+json")

    def every(self) -> dict[str, Document]:
        """All Secrets, by name."""
        return {item["metadata"]["name"]: item for item in self.call("GET", "secrets")["items"]}

    def secrets(self) -> dict[str, dict[str, str]]:
        """The values of all Secrets but the set's own."""
        found = self.every()
        return {name: data_of(one) for name, one in found.items() if name != "reconciler-default"}

    def state(self) -> str:
        """Everything that an apply may write, for telling that nothing was written."""
        return self.kubectl("get", "secrets,serviceaccounts,leases", "-o", "json")

    def grant(self, user: str, *rules: tuple[str, Sequence[str]]) -> None:
        """Allow verbs, in one text, on resources in the namespace, and nothing else there."""
        role = f"{user}-role"
        documents: Iterable[Document] = (
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": role},
                "rules": [
                    {
                        "apiGroups": ["", "coordination.k8s.io"],
                        "resources": list(resources),
                        "verbs": verbs.split(),
                    }
                    for verbs, resources in rules
                ],
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": role},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": role,
                },
                "subjects": [
                    {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
                ],
            },
        )
        listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))
        for verbs, resources in rules:
            self.await_right(user, verbs.split()[-1], resources[-1])

    def await_right(self, user: str, verb: str, resource: str, *, allowed: bool = True) -> None:
        """Wait until the server has heard of a change of roles."""
        command = (*("auth", "can-i", verb, resource, "--as", user), "--quiet")
        awaited(lambda: self.works(*command) == allowed, f"{user} may {verb} {resource}")

    def works(self, *command: str, stdin: str = "") -> bool:
        """Whether kubectl succeeds."""
        try:
            self.kubectl(*command, stdin=stdin)
        except AssertionError:
            return False
        return True
