"""Sites whose cluster is reached as one of CCE is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.clusters import Cluster
from tests.integration.kubernetes.site import Site
from tests.standins.cce_gateway import Gateway


class CceSite(Site):
    """A site whose commands go by ``auth``."""

    def __init__(self, path: Path, cluster: Cluster, gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__(path, cluster)
        self.go_by("aksk")

    def go_by(self, auth: str, **settings: str) -> None:
        """From now on, commands go that way."""
        common = {"set-namespace": self.home, "namespace": self.home, "manifests": "manifests"}
        document = {"store": self.gateway.url(auth), **common, **settings}
        self.write("reconciler.yaml", json.dumps(document))


@pytest.fixture
def gateway(cluster: Cluster) -> Iterator[Gateway]:
    gateway = Gateway(cluster)
    yield gateway
    gateway.stop()


@pytest.fixture
def environment(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The environment of somebody who has both a key and a user, and nothing of the machine's."""
    for name in list(os.environ):
        if name.startswith(("HUAWEICLOUD_", "HW_")) or name == "KUBECONFIG":
            monkeypatch.delenv(name)
    found = {**gateway.with_key, **gateway.with_password}
    for name, text in found.items():
        monkeypatch.setenv(name, text)
    return found


@pytest.fixture
def site(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cluster: Cluster,
    gateway: Gateway,
    environment: Mapping[str, str],
) -> CceSite:
    assert environment
    monkeypatch.chdir(tmp_path)
    return CceSite(tmp_path, cluster, gateway)
