"""Manifests of live objects that no set owns."""

from __future__ import annotations

from reconciler.planning.exporting import manifest_of
from tests.world import live, secret


def test_what_a_controller_fills_in_is_left_out() -> None:
    token = secret(
        "token",
        {"token": "t", "ca.crt": "c", "namespace": "n", "extra": "e"},
        type="kubernetes.io/service-account-token",
        annotations={
            "kubernetes.io/service-account.name": "robot",
            "kubernetes.io/service-account.uid": "u-1",
        },
    )
    document = manifest_of(live(token, None), reveal=True)
    assert document["data"].keys() == {"extra"}
    assert document["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "robot"}


def test_a_version_of_no_set_keeps_its_name() -> None:
    version = secret("db-1", {"a": "b"}, annotations={"reconciler/version-of": "db"})
    metadata = manifest_of(live(version, None), reveal=True)["metadata"]
    assert metadata == {"name": "db-1", "namespace": "default"}
