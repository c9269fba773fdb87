"""What controllers of the cluster do besides, and what kubectl makes of a set."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.integration.kubernetes.site import Document, Site
from tests.world import secret_manifest as secret


def account(name: str, namespace: str = "", **metadata: object) -> Document:
    where = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, **where, **metadata},
    }


@pytest.mark.usefixtures("controllers")
def test_a_token_that_a_controller_fills_in(site: Site) -> None:
    token = secret("token")
    token["type"] = "kubernetes.io/service-account-token"
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "robot"}
    del token["stringData"]
    site.put(account("robot"), token)
    site.apply()
    assert site.live("token")["data"].keys() == {"token", "ca.crt", "namespace"}
    site.converged()
    assert site.run("drift").code == 0


@pytest.mark.usefixtures("controllers")
def test_a_namespace_and_the_account_that_it_is_given(site: Site) -> None:
    name = f"{site.home}-new"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    inside = secret("inside", a="1")
    inside["metadata"]["namespace"] = name
    default = account("default", name, labels={"team": "a"})
    default["imagePullSecrets"] = [{"name": "inside"}]
    site.put(space, default, inside)
    site.apply()
    site.converged()
    found = site.call("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default")
    assert found["metadata"]["labels"]["team"] == "a"
    assert found["imagePullSecrets"] == [{"name": "inside"}]


def test_the_set_is_as_the_specification_of_apply_sets_has_it(site: Site) -> None:
    other = site.cluster.new_namespace()
    elsewhere = secret("elsewhere", a="1")
    elsewhere["metadata"]["namespace"] = other
    site.put(secret("here", a="1"), elsewhere)
    site.apply()
    parent = site.live("reconciler-default")["metadata"]
    digest = hashlib.sha256(f"reconciler-default.{site.home}.Secret.".encode()).digest()
    set_id = f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"
    assert parent["labels"]["applyset.kubernetes.io/id"] == set_id
    annotations = parent["annotations"]
    assert annotations["applyset.kubernetes.io/tooling"].startswith("reconciler/v")
    kinds = annotations["applyset.kubernetes.io/contains-group-kinds"]
    assert kinds == "Namespace,Secret,ServiceAccount"
    assert annotations["applyset.kubernetes.io/additional-namespaces"] == other
    for path in ("secrets/here", f"/api/v1/namespaces/{other}/secrets/elsewhere"):
        labels = site.call("GET", path)["metadata"]["labels"]
        assert labels["applyset.kubernetes.io/part-of"] == set_id


def test_kubectl_leaves_the_set_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put(secret("here", a="1"))
    site.apply()
    before = site.every()
    monkeypatch.setenv("KUBECTL_APPLYSET", "true")
    file = site.write("theirs.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: theirs}\n")
    command = ("apply", "--prune", "--applyset=secret/reconciler-default", "-f", str(file))
    with pytest.raises(AssertionError, match="reconciler"):
        site.kubectl(*command)
    assert site.every() == before
