"""The program in a place of its own, against a real cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Result, Workplace
from tests.clusters import Cluster


class Place(Workplace):
    """Manifests and commands for one set in one new namespace of a cluster."""

    def __init__(self, path: Path, cluster: Cluster) -> None:
        super().__init__(path)
        self.cluster = cluster
        self.home = cluster.new_namespace()
        self.store = (
            *("--store", "kubernetes:admin", "--kubeconfig", str(cluster.kubeconfig)),
            *("--set", self.home, "--set-namespace", self.home),
        )

    def plan(self, *options: str) -> Result:
        return self.run("plan", *self.store, "--namespace", self.home, *options)

    def apply(self, *options: str) -> Result:
        place = (*self.store, "--namespace", self.home)
        return self.run("apply", *place, "--auto-approve", *options)

    def live(self, name: str, kind: str = "secret") -> Any:
        return json.loads(self.kubectl("get", kind, name, "-o", "json"))

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self.cluster.kubectl("--namespace", self.home, *arguments, stdin=stdin)


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, cluster)
