"""Old versions during a rollout: what a controller made uses them longer than the controller.

The objects are real, and their status is what the controllers of a cluster write there. The names
of hashed Secrets are those that kustomize v5.8.2 gives to these values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from reconciler import workflow
from reconciler.model.objects import Desired
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Plan
from reconciler.model.store import Store
from reconciler.stores import open_store
from tests.clusters import Cluster
from tests.world import secret

PRUNE = PlanOptions(prune=True, consumers=True)
OLD_HASH, NEW_HASH = "db-h69f2gkkdd", "db-fm569447b8"
LABELS = {"app": "web"}


@pytest.fixture
def home(cluster: Cluster) -> str:
    return cluster.new_namespace()


@pytest.fixture
def store(cluster: Cluster, home: str) -> Iterator[Store]:
    options = {"kubeconfig": str(cluster.kubeconfig), "set-namespace": home}
    with closing(open_store("kubernetes:admin", {}, options=options)) as opened:
        yield opened


def hashed(home: str) -> tuple[Desired, Desired]:
    return (
        secret(OLD_HASH, {"password": "one", "host": "db"}, home=home),
        secret(NEW_HASH, {"password": "two", "host": "db"}, home=home),
    )


def versioned(home: str) -> tuple[Desired, Desired]:
    annotations = {"reconciler/replace": "versioned"}
    first, second = (
        secret("db", {"password": value}, home=home, immutable=True, annotations=annotations)
        for value in ("not-a-real-one", "not-a-real-two")
    )
    return first, second


def plan(store: Store, *desired: Desired) -> Plan:
    return workflow.plan(desired, workflow.read(desired, store, PRUNE), PRUNE).plan


def applied(store: Store, *desired: Desired) -> Plan:
    planned = workflow.plan(desired, workflow.read(desired, store, PRUNE), PRUNE)
    workflow.apply(planned, store)
    assert plan(store, *desired).pending == ()
    return planned.plan


def pod(name: str) -> dict[str, Any]:
    """The spec of a Pod that uses a Secret."""
    reference = [{"secretRef": {"name": name}}]
    return {"containers": [{"name": "web", "image": "example.com/web", "envFrom": reference}]}


class Site:
    """Workloads in a namespace of a cluster."""

    def __init__(self, cluster: Cluster, home: str) -> None:
        self._cluster, self._home = cluster, home

    def make(
        self,
        kind: str,
        name: str,
        *,
        by: tuple[str, str] | None = None,
        status: dict[str, Any] | None = None,
        **content: Any,
    ) -> tuple[str, str]:
        """Create or change an object; its kind and name, for what it makes itself."""
        groups = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}
        document = {
            "apiVersion": groups.get(kind, "apps/v1"),
            "kind": kind,
            "metadata": {"name": name, "labels": LABELS, **({} if by is None else self._owned(by))},
            **content,
        }
        self._run("apply", "-f", "-", stdin=json.dumps(document))
        if status is not None:
            patch = json.dumps({"status": status})
            self._run("patch", kind, name, "--subresource=status", "--type=merge", "-p", patch)
        return kind, name

    def delete(self, kind: str, name: str) -> None:
        self._run("delete", kind, name, "--cascade=orphan", "--grace-period=0", "--force")

    def _owned(self, by: tuple[str, str]) -> dict[str, Any]:
        owner = json.loads(self._run("get", *by, "-o", "json"))
        reference = {"apiVersion": owner["apiVersion"], "kind": by[0], "name": by[1]}
        uid = owner["metadata"]["uid"]
        return {"ownerReferences": [{**reference, "uid": uid, "controller": True}]}

    def _run(self, *arguments: str, stdin: str = "") -> str:
        return self._cluster.kubectl(*arguments, "-n", self._home, stdin=stdin)


@pytest.fixture
def site(cluster: Cluster, home: str) -> Site:
    return Site(cluster, home)


def template(name: str, **content: Any) -> dict[str, Any]:
    labelled = {"metadata": {"labels": LABELS}, "spec": pod(name)}
    return {"selector": {"matchLabels": LABELS}, "template": labelled, **content}


@pytest.mark.parametrize("pair", [hashed, versioned])
def test_an_old_version_stays_until_the_old_replica_set_has_no_pods(
    store: Store, home: str, site: Site, pair: Any
) -> None:
    one, two = pair(home)
    applied(store, one)
    web = site.make("Deployment", "web", spec=template(one.name))
    old = site.make("ReplicaSet", "web-1", by=web, spec=template(one.name), status={"replicas": 1})
    site.make("Pod", "web-1-a", by=old, spec=pod(one.name))

    made = applied(store, two)
    (change,) = made.pending
    new = change.key.name
    assert change.action is Action.CREATE
    assert [str(user) for user in change.consumers] == [f"Deployment/{home}/web"]

    site.make("Deployment", "web", spec=template(new))
    site.make("ReplicaSet", "web-2", by=web, spec=template(new), status={"replicas": 1})
    kept = plan(store, two)
    assert kept.pending == ()
    assert f"still used by ReplicaSet/{home}/web-1" in kept.notices[-1].message

    site.make("ReplicaSet", "web-1", by=web, spec=template(one.name, replicas=0))
    assert plan(store, two).pending == ()  # the server still counts a Pod
    site.make(
        "ReplicaSet",
        "web-1",
        by=web,
        spec=template(one.name, replicas=0),
        status={"replicas": 0},
    )
    kept = plan(store, two)
    assert kept.pending == ()
    assert f"still used by Pod/{home}/web-1-a" in kept.notices[-1].message

    site.delete("Pod", "web-1-a")
    (gone,) = applied(store, two).pending
    assert (gone.key, gone.action) == (one.key, Action.DELETE)


@pytest.mark.parametrize("pair", [hashed, versioned])
def test_a_revision_from_which_a_stateful_set_makes_pods_keeps_its_version(
    store: Store, home: str, site: Site, pair: Any
) -> None:
    one, two = pair(home)
    applied(store, one)
    site.make("Pod", "db-1", spec=pod(one.name))
    new = applied(store, two).pending[0].key.name
    spec = template(new, serviceName="db")
    rolling = {"replicas": 2, "currentRevision": "db-1", "updateRevision": "db-2"}
    db = site.make("StatefulSet", "db", spec=spec, status=rolling)
    data = {"spec": {"template": {"spec": pod(one.name)}}}
    site.make("ControllerRevision", "db-1", by=db, data=data, revision=1)
    site.delete("Pod", "db-1")  # to be made anew as it was
    kept = plan(store, two)
    assert f"still used by ControllerRevision/{home}/db-1" in kept.notices[-1].message

    site.make("StatefulSet", "db", spec=spec, status={**rolling, "currentRevision": "db-2"})
    assert [change.action for change in plan(store, two).pending] == [Action.DELETE]


def test_a_running_job_of_a_changed_cron_job_keeps_its_version(
    store: Store, home: str, site: Site
) -> None:
    one, two = hashed(home)
    applied(store, one)
    spec = {"restartPolicy": "Never"}
    job = {"template": {"spec": {**pod(one.name), **spec}}}
    later = {"template": {"spec": {**pod(two.name), **spec}}}
    cron = site.make("CronJob", "c", spec={"schedule": "@daily", "jobTemplate": {"spec": later}})
    site.make("Job", "c-1", by=cron, spec=job)
    site.make("Pod", "bare", spec=pod(one.name))
    applied(store, two)
    kept = plan(store, two)
    assert f"still used by Job/{home}/c-1, Pod/{home}/bare" in kept.notices[-1].message
    site.delete("Job", "c-1")
    assert plan(store, two).pending == ()
    site.delete("Pod", "bare")
    assert [change.action for change in plan(store, two).pending] == [Action.DELETE]
