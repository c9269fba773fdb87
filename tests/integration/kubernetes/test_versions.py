"""Versions and what uses them, against a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from textwrap import dedent

import pytest

from reconciler import workflow
from reconciler.model.events import Outcome
from reconciler.model.objects import Desired
from reconciler.model.plan_options import DeleteLimit, PlanOptions
from reconciler.model.plans import Action
from reconciler.model.store import Store
from reconciler.stores import open_store
from reconciler.workflow import Planned
from tests.clusters import Cluster
from tests.world import secret

PRUNE = PlanOptions(prune=True, allow_empty=True, consumers=True)


@pytest.fixture
def home(cluster: Cluster) -> str:
    return cluster.new_namespace()


@pytest.fixture
def store(cluster: Cluster, home: str) -> Iterator[Store]:
    options = {"kubeconfig": str(cluster.kubeconfig), "set-namespace": home}
    with closing(open_store("kubernetes:admin", {}, options=options)) as found:
        yield found


def licence(home: str, value: bytes) -> Desired:
    versioned = {"reconciler/replace": "versioned"}
    return secret("licence", {"key": value}, home=home, immutable=True, annotations=versioned)


def pod(home: str, secret: str) -> str:
    return dedent(f"""\
        apiVersion: v1
        kind: Pod
        metadata: {{name: web, namespace: {home}}}
        spec:
          containers:
            - name: web
              image: example.com/web
              env:
                - name: KEY
                  valueFrom: {{secretKeyRef: {{name: {secret}, key: key}}}}
        """)


def planned(store: Store, *desired: Desired, options: PlanOptions = PRUNE) -> Planned:
    return workflow.plan(desired, workflow.read(desired, store, options), options)


def applied(store: Store, *desired: Desired) -> None:
    plan = planned(store, *desired)
    ended = workflow.apply(plan, store)
    assert ended.count(Outcome.APPLIED) == len(plan.plan.steps)
    assert planned(store, *desired).plan.pending == ()


def test_an_old_version_stays_while_a_pod_uses_it(
    cluster: Cluster, store: Store, home: str
) -> None:
    one, two = licence(home, b"not-a-real-one"), licence(home, b"not-a-real-two")
    applied(store, one)
    cluster.kubectl("create", "-f", "-", stdin=pod(home, "licence"))
    (change,) = planned(store, two).plan.pending
    assert (change.action, [str(consumer) for consumer in change.consumers]) == (
        Action.CREATE,
        [f"Pod/{home}/web"],
    )
    applied(store, two)
    kept = planned(store, two).plan
    assert f"Pod/{home}/web" in kept.notices[-1].message

    cluster.kubectl("delete", "pod", "web", "-n", home, "--grace-period=0", "--force")
    cluster.kubectl("create", "-f", "-", stdin=pod(home, change.key.name))
    (gone,) = planned(store, two).plan.pending
    assert (gone.key, gone.action) == (one.key, Action.DELETE)
    applied(store, two)
    names = cluster.kubectl("get", "secret", "-n", home, "-o", "name").split()
    assert f"secret/{change.key.name}" in names
    assert "secret/licence" not in names

    applied(store, one)  # the way back makes the old content anew, beside what the Pod uses
    everything = replace(PRUNE, max_deletes=DeleteLimit(100, percent=True))
    refusals = planned(store, options=everything).plan.refusals
    assert [refusal.guard for refusal in refusals] == ["consumers"]


def test_a_user_that_may_not_list_pods_prunes_no_version(
    cluster: Cluster, store: Store, home: str
) -> None:
    one, two = licence(home, b"not-a-real-one"), licence(home, b"not-a-real-two")
    applied(store, one)
    workflow.apply(planned(store, two, options=PlanOptions()), store)
    binding = ["--role=secrets", "--user=alice", "-n", home]
    verbs = "--verb=get,list,create,update,patch,delete"
    cluster.kubectl("create", "role", "secrets", verbs, "--resource=secrets,leases", "-n", home)
    cluster.kubectl("create", "rolebinding", "secrets", *binding)
    options = {"kubeconfig": str(cluster.kubeconfig), "set-namespace": home}
    with closing(open_store("kubernetes:alice", {}, options=options)) as hers:
        plan = planned(hers, two).plan
    assert plan.pending == ()
    assert {"consumers-unseen", "version-kept"} <= {note.code for note in plan.notices}
    assert [change.action for change in planned(store, two).plan.pending] == [Action.DELETE]
