"""Sites in the cluster of the run, and in clusters of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clusters import Cluster, started
from tests.integration.kubernetes.policies import Policies
from tests.integration.kubernetes.site import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> Site:
    monkeypatch.chdir(tmp_path)
    return Site(tmp_path, cluster)


@pytest.fixture
def own_site(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    control_plane: None,  # noqa: ARG001 - says what is needed
) -> Iterator[Callable[..., Site]]:
    """Starts a cluster for the test alone, its API server with the flags given."""
    begun: list[Cluster] = []

    def make(*flags: str) -> Site:
        begun.append(started(flags))
        monkeypatch.chdir(tmp_path)
        return Site(tmp_path, begun[-1])

    yield make
    for cluster in begun:
        cluster.stop()


@pytest.fixture
def policies(site: Site) -> Iterator[Policies]:
    policies = Policies(site)
    yield policies
    policies.lift()
