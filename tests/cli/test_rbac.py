"""`rbac`: the roles that it prints, taken by a real API server and held by an ordinary user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import kubernetes.config
import pytest

from reconciler.model.objects import NAMESPACE, SECRET, SERVICE_ACCOUNT, ObjectKey
from reconciler.model.plans import Action
from reconciler.stores.kubernetes.rights import RESOURCES, Right, missing, needed
from tests.clusters import Cluster, started

WORK = [
    (action, ObjectKey(kind, "shop", "x"))
    for kind in (SECRET, SERVICE_ACCOUNT)
    for action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
]
NAMESPACE_WORK = [
    (action, ObjectKey(NAMESPACE, "", "shop"))
    for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = started()
    for name in ("shop", "bank", "home"):
        cluster.kubectl("create", "namespace", name)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def alice(cluster: Cluster) -> Iterator[Any]:
    with kubernetes.config.new_client_from_config(str(cluster.kubeconfig), "alice") as client:
        yield client


@pytest.fixture
def bound(cluster: Cluster, workplace: Any) -> Iterator[Any]:
    """Grant what `rbac` prints to alice, and take it back in the end."""
    made: list[str] = []

    def bind(*arguments: str) -> None:
        text = workplace.ok("rbac", *arguments).out
        made.append(text)
        cluster.kubectl("apply", "-f", "-", stdin=text)
        for line in text.splitlines():
            if "kubectl create" in line:
                words = line.split()[2:-1]
                cluster.kubectl(*words, "--user=alice")

    yield bind
    for text in made:
        cluster.kubectl("delete", "-f", "-", stdin=text)
    for kind in ("clusterrolebindings", "rolebindings"):
        for item in json.loads(cluster.kubectl("get", kind, "-A", "-o", "json"))["items"]:
            metadata = item["metadata"]
            if metadata["name"].startswith("reconciler-"):
                place = f"--namespace={metadata.get('namespace', '')}"
                cluster.kubectl("delete", kind, metadata["name"], place)


def review(alice: Any, right: Right) -> bool:
    """Ask the server itself, as alice and as an apply does."""
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": right.resource,
        "namespace": right.namespace,
        "name": right.name,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    request = alice.param_serialize(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        header_params={"Content-Type": "application/json"},
        body=body,
    )
    return bool(json.loads(alice.call_api(*request).read())["status"]["allowed"])


def lacking(alice: Any, *work: tuple[Action, ObjectKey]) -> tuple[Right, ...]:
    return missing(needed("blue", "home", work), lambda right: review(alice, right))


def reads(alice: Any, namespace: str) -> list[bool]:
    return [
        review(alice, Right(verb, "", resource, namespace))
        for resource in RESOURCES.values()
        for verb in ("get", "list")
    ]


SET = ("--set", "blue", "--set-namespace", "home")


def test_apply_everywhere(alice: Any, bound: Any) -> None:
    assert len(lacking(alice, *WORK, *NAMESPACE_WORK)) > 10
    bound("--for", "apply", *SET)
    assert lacking(alice, *WORK, *NAMESPACE_WORK) == ()
    assert all(reads(alice, ""))
    assert not review(alice, Right("update", "coordination.k8s.io", "leases", "home", "other"))
    assert not review(alice, Right("list", "", "pods"))


def test_apply_within_namespaces(cluster: Cluster, alice: Any, bound: Any) -> None:
    bound("--for", "apply", "--namespaced", "shop", *SET)
    assert lacking(alice, *WORK) == ()
    assert reads(alice, "shop") == [False, False, True, True, True, True]
    assert not any(reads(alice, "bank"))
    shop = cluster.kubectl("--context", "alice", "get", "namespace", "shop", "-o", "name")
    assert shop == "namespace/shop\n"
    assert [right.verb for right in lacking(alice, *NAMESPACE_WORK)] == [
        "create",
        "delete",
        "patch",
    ]


def test_plan_reads_and_does_nothing_else(alice: Any, bound: Any) -> None:
    bound("--for", "plan", "--consumers", *SET)
    assert all(reads(alice, ""))
    assert review(alice, Right("list", "apps", "deployments"))
    assert review(alice, Right("list", "networking.k8s.io", "ingresses"))
    rights = needed("blue", "home", [*WORK, *NAMESPACE_WORK])
    assert lacking(alice, *WORK, *NAMESPACE_WORK) == rights


def test_drift_within_namespaces(alice: Any, bound: Any) -> None:
    bound("--for", "drift", "--namespaced", "shop", "--namespaced", "home", *SET)
    for namespace in ("shop", "home"):
        assert reads(alice, namespace) == [False, False, True, True, True, True]
    assert review(alice, Right("get", "", "namespaces", "home", "home"))
    assert lacking(alice, *WORK) == needed("blue", "home", WORK)


@pytest.mark.parametrize("name", ['a"b', "Shop", "a: b", ""])
def test_what_is_no_namespace_is_refused(workplace: Any, name: str) -> None:
    for option in ("--namespaced", "--set-namespace"):
        result = workplace.run("rbac", "--for", "plan", option, name)
        assert result.code == 1
        assert "lower-case letters" in result.err
