"""What the kubeconfig holds is used, and left nowhere else."""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.errors import ConfigError
from reconciler.stores.kubernetes.kubeconfig import connect
from tests.integration.kubernetes.site import Site


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


def test_certificates_and_keys_are_in_no_file_while_they_are_used(site: Site, place: Path) -> None:
    kubeconfig = site.cluster.kubeconfig
    assert "client-key-data" in kubeconfig.read_text()
    for _ in range(2):  # the client remembers what it has made of a kubeconfig
        connection = connect("admin", str(kubeconfig), os.environ, 2)
        assert [*place.rglob("*")] == []
        assert connection.get("/version", "the server")["major"] == "1"


@pytest.mark.parametrize("field", ["client-key-data", "client-certificate-data"])
def test_what_is_no_key_is_told_without_a_quote(site: Site, place: Path, field: str) -> None:
    def broken(user: dict[str, Any]) -> dict[str, Any]:
        return {**user, field: base64.b64encode(b"canary-no-key").decode()}

    document = yaml.safe_load(site.cluster.kubeconfig.read_text())
    for user in document["users"]:
        user["user"] = broken(user["user"])
    path = site.path / "broken"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError, match="client certificate or its key") as caught:
        connect("admin", str(path), os.environ, 2)
    assert "canary" not in str(caught.value)
    assert [*place.rglob("*")] == []
