"""`rbac`: the roles that it prints, taken by a real API server and held by an ordinary user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import kubernetes.config
import pytest

from reconciler.model.objects import NAMESPACE, SECRET, SERVICE_ACCOUNT, ObjectKey
from reconciler.model.plans import Action
from reconciler.stores.kubernetes.rights import Right, missing, needed
from tests.clusters import Cluster


@dataclass(frozen=True)
class Places:
    """Namespaces of one test run: one for the set itself, and two more."""

    home: str
    shop: str
    bank: str

    @property
    def work(self) -> list[tuple[Action, ObjectKey]]:
        actions = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
        kinds = (SECRET, SERVICE_ACCOUNT)
        return [(action, ObjectKey(kind, self.shop, "x")) for kind in kinds for action in actions]

    @property
    def namespace_work(self) -> list[tuple[Action, ObjectKey]]:
        actions = (Action.CREATE, Action.UPDATE, Action.DELETE)
        return [(action, ObjectKey(NAMESPACE, "", self.shop)) for action in actions]


@pytest.fixture(scope="module")
def places(cluster: Cluster) -> Places:
    return Places(cluster.new_namespace(), cluster.new_namespace(), cluster.new_namespace())


@pytest.fixture(scope="module")
def alice(cluster: Cluster) -> Iterator[Any]:
    with kubernetes.config.new_client_from_config(str(cluster.kubeconfig), "alice") as client:
        yield client


@pytest.fixture
def bound(cluster: Cluster, places: Places, workplace: Any) -> Iterator[Any]:
    """Grant what `rbac` prints to alice, and take it back in the end."""
    made: list[str] = []
    own = ("--set", "blue", "--set-namespace", places.home)

    def bind(*arguments: str) -> None:
        text = workplace.ok("rbac", *arguments, *own).out
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
            if metadata["name"].startswith("reconciler-blue-"):
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


def lacking(alice: Any, places: Places, *work: tuple[Action, ObjectKey]) -> tuple[Right, ...]:
    return missing(needed("blue", places.home, work), lambda right: review(alice, right))


def reads(alice: Any, namespace: str) -> list[bool]:
    return [
        review(alice, Right(verb, "", resource, namespace))
        for resource in ("secrets", "serviceaccounts", "namespaces")
        for verb in ("get", "list")
    ]


def test_apply_everywhere(alice: Any, places: Places, bound: Any) -> None:
    work = [*places.work, *places.namespace_work]
    assert len(lacking(alice, places, *work)) > 10
    bound("--for", "apply")
    assert lacking(alice, places, *work) == ()
    assert all(reads(alice, ""))
    other = Right("update", "coordination.k8s.io", "leases", places.home, "other")
    assert not review(alice, other)
    assert not review(alice, Right("list", "", "pods"))


def test_apply_within_namespaces(cluster: Cluster, alice: Any, places: Places, bound: Any) -> None:
    bound("--for", "apply", "--namespaced", places.shop)
    assert lacking(alice, places, *places.work) == ()
    assert reads(alice, places.shop) == [True, True, True, True, False, False]
    assert not any(reads(alice, places.bank))
    shop = cluster.kubectl("--context", "alice", "get", "namespace", places.shop, "-o", "name")
    assert shop == f"namespace/{places.shop}\n"
    lacked = lacking(alice, places, *places.namespace_work)
    assert [right.verb for right in lacked] == ["create", "delete", "patch"]
    assert not review(alice, Right("delete", "", "secrets", places.home))


def test_plan_reads_and_does_nothing_else(alice: Any, places: Places, bound: Any) -> None:
    bound("--for", "plan", "--consumers")
    assert all(reads(alice, ""))
    assert review(alice, Right("list", "apps", "deployments"))
    assert review(alice, Right("list", "networking.k8s.io", "ingresses"))
    work = [*places.work, *places.namespace_work]
    assert lacking(alice, places, *work) == needed("blue", places.home, work)


def test_drift_within_namespaces(alice: Any, places: Places, bound: Any) -> None:
    bound("--for", "drift", "--namespaced", places.shop, "--namespaced", places.home)
    for namespace in (places.shop, places.home):
        assert reads(alice, namespace) == [True, True, True, True, False, False]
    assert review(alice, Right("get", "", "namespaces", places.home, places.home))
    lock = Right("get", "coordination.k8s.io", "leases", places.home, "reconciler-blue")
    assert review(alice, lock)
    rest = [right for right in needed("blue", places.home, places.work) if right != lock]
    assert lacking(alice, places, *places.work) == tuple(rest)


@pytest.mark.parametrize("events", [False, True])
def test_events_are_a_right_of_their_own(
    alice: Any, places: Places, bound: Any, *, events: bool
) -> None:
    def writes(namespace: str) -> list[bool]:
        verbs = ("create", "list", "patch", "delete")
        return [review(alice, Right(verb, "events.k8s.io", "events", namespace)) for verb in verbs]

    bound("--for", "drift", "--namespaced", places.shop, *(["--events"] * events))
    assert writes(places.shop) == writes(places.home) == [events, events, events, False]
    assert not any(writes(places.bank))


def test_only_drift_writes_events(workplace: Any) -> None:
    refused = workplace.run("rbac", "--for", "plan", "--events")
    assert refused.code == 1
    assert "--events: only drift writes Events" in refused.err


@pytest.mark.parametrize("within", [True, False], ids=["in a namespace", "everywhere"])
def test_the_roles_are_enough_for_the_real_thing(
    cluster: Cluster, places: Places, workplace: Any, bound: Any, *, within: bool
) -> None:
    name = f"db-{within}".lower()
    store = (
        *("--store", "kubernetes:alice", "--kubeconfig", str(cluster.kubeconfig)),
        *("--set", "blue", "--set-namespace", places.home, "--namespace", places.shop),
    )
    head = f"  namespace: {places.shop}\nimmutable: true\n"
    workplace.secret(name, head=head, password="one")
    refused = workplace.run("apply", *store, "--auto-approve")
    assert refused.code == 1
    where = ("--namespaced", places.shop) if within else ()
    bound("--for", "apply", *where)
    for value in ("two", "three"):
        workplace.secret(name, head=head, password=value)
        done = workplace.ok("apply", *store, "--auto-approve", "--allow-replace")
        assert f"{name} (wave 0)\nApplied: 1" in done.out
        assert "warning" not in done.out
    assert "No changes." in workplace.ok("plan", *store).out
    (workplace.path / f"manifests/{name}.yaml").unlink()
    workplace.secret("other", head=head, password="x")
    pruned = workplace.ok("apply", *store, "--auto-approve", "--prune")
    assert f"deleted Secret/{places.shop}/{name}" in pruned.out


@pytest.mark.parametrize("within", [True, False], ids=["in a namespace", "everywhere"])
def test_the_roles_of_a_release_are_enough_and_delete_nothing(
    cluster: Cluster, places: Places, workplace: Any, bound: Any, alice: Any, *, within: bool
) -> None:
    where = (
        *("--kubeconfig", str(cluster.kubeconfig)),
        *("--set", "blue", "--set-namespace", places.home),
    )
    name = f"free-{within}".lower()
    workplace.secret(name, head=f"  namespace: {places.shop}\n", x="1")
    workplace.ok("apply", "--store", "kubernetes:admin", *where, "--auto-approve")
    words = ("release", "--store", "kubernetes:alice", *where, "--auto-approve")
    bound("--for", "plan", *(("--namespaced", places.shop) if within else ()))
    target = ("--target", f"Secret/{places.shop}/{name}")
    assert "missing: patch secrets" in workplace.run(*words, *target).err
    bound("--for", "release", *(("--namespaced", places.shop) if within else ()))
    assert "Applied: 1 released." in workplace.ok(*words, *target).out
    live = json.loads(
        cluster.kubectl("get", "secret", name, "--namespace", places.shop, "-o", "json")
    )
    assert not {"labels", "annotations"} & live["metadata"].keys()
    for verb in ("delete", "create", "update"):
        assert not review(alice, Right(verb, "", "secrets", places.shop))
        assert not review(alice, Right(verb, "", "secrets", places.home))


@pytest.mark.parametrize("within", [True, False], ids=["in a namespace", "everywhere"])
def test_who_may_plan_may_not_apply(
    cluster: Cluster, places: Places, workplace: Any, bound: Any, *, within: bool
) -> None:
    place = (
        *("--store", "kubernetes:alice", "--kubeconfig", str(cluster.kubeconfig)),
        *("--set", "blue", "--set-namespace", places.home, "--namespace", places.shop),
    )
    workplace.secret(f"new-{within}".lower(), head=f"  namespace: {places.shop}\n", x="1")
    where = ("--namespaced", places.shop) if within else ()
    bound("--for", "plan", *where)
    plan = workplace.ok("plan", *place)
    assert "1 to create" in plan.out
    assert ("may not be listed in the whole cluster" in plan.out) is within
    refused = workplace.run("apply", *place, "--auto-approve")
    assert refused.code == 1
    assert f'missing: create secrets in the namespace "{places.shop}"' in refused.err
    assert f'missing: create leases.coordination.k8s.io in the namespace "{places.home}"' in (
        refused.err
    )
    assert "created" not in refused.out


@pytest.mark.parametrize("name", ['a"b', "Shop", "a: b"])
def test_what_is_no_namespace_is_refused(workplace: Any, name: str) -> None:
    for option in ("--namespaced", "--set-namespace"):
        result = workplace.run("rbac", "--for", "plan", option, name)
        assert result.code == 1
        assert "lower-case letters" in result.err
