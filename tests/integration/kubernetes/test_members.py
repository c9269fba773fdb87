"""Which objects of a cluster are a set's, and what uses them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from textwrap import dedent

import pytest

from reconciler import workflow
from reconciler.errors import ConfigError
from reconciler.model.consumers import Consumer, Way
from reconciler.model.objects import SECRET, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action
from reconciler.model.store import Scope, Store
from reconciler.stores import open_store
from reconciler.stores.kit.locks import Term
from reconciler.stores.kubernetes.leases import Lease
from reconciler.stores.kubernetes.store import KubernetesStore
from tests.clusters import Cluster
from tests.stores.words import Words
from tests.world import held


@pytest.fixture
def home(cluster: Cluster) -> str:
    return cluster.new_namespace()


@pytest.fixture
def store(cluster: Cluster, home: str) -> Iterator[Store]:
    options = {"kubeconfig": str(cluster.kubeconfig), "set-namespace": home}
    with closing(open_store("kubernetes:admin", {}, options=options)) as store:
        held(store)
        yield store


def test_an_object_that_was_copied_with_its_label_is_nobodys(
    cluster: Cluster, store: Store, home: str
) -> None:
    manifest = Words(home).secret("mine", {"a": b"one-two"})
    mine = held(store).create(manifest, Words.mark(("data", "a")))
    elsewhere = cluster.new_namespace()
    shown = cluster.kubectl("get", "secret", "mine", "-n", home, "-o", "yaml")
    kept = [
        line for line in shown.splitlines() if not line.startswith(("  uid:", "  resourceVersion:"))
    ]
    cluster.kubectl("create", "-f", "-", stdin="\n".join(kept).replace(home, elsewhere))
    copy = ObjectKey(SECRET, elsewhere, "mine")

    prune = PlanOptions(prune=True)
    planned = workflow.plan((), workflow.read((), store, prune), prune)
    assert [(change.key, change.action) for change in planned.plan.changes] == [
        (mine.key, Action.DELETE)
    ]
    named = store.read(Scope("default", frozenset({copy}))).objects[copy]
    assert named.applied is None
    assert named.data == mine.data


def test_what_a_set_keeps_for_itself_is_guarded_and_not_unmanaged(store: Store, home: str) -> None:
    session = held(store)
    manifest = Words(home).secret("mine", {"a": b"one-two"})
    live = session.create(manifest, Words.mark(("data", "a")))
    session.delete(live.key, Words.as_seen(live), keep_copy=True)
    others = store.read(Scope("default", frozenset(), surroundings=True)).bystanders
    kept = [other for key, other in others.items() if key.namespace == home and key.kind == SECRET]
    assert len(kept) == 2
    assert all(other.set_name for other in kept)


def test_a_set_whose_name_no_object_can_have_is_refused(store: Store) -> None:
    with pytest.raises(ConfigError) as caught:
        store.read(Scope("Shop_1", frozenset()))
    assert "--set Shop_1" in caught.value.message


def test_what_uses_a_secret_is_read_where_it_is_asked_for(
    cluster: Cluster, store: Store, home: str
) -> None:
    workload = f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: shop, namespace: {home}}}
        spec:
          replicas: 0
          selector: {{matchLabels: {{app: shop}}}}
          template:
            metadata: {{labels: {{app: shop}}}}
            spec:
              containers:
              - name: shop
                image: example.com/shop
                env:
                - name: PASSWORD
                  valueFrom: {{secretKeyRef: {{name: database, key: password}}}}
                envFrom:
                - secretRef: {{name: settings, optional: true}}
        """
    cluster.kubectl("create", "-f", "-", stdin=dedent(workload))

    assert store.read(Scope("default", frozenset())).consumers is None
    consumers = store.read(Scope("default", frozenset(), consumers=True)).consumers

    assert consumers is not None
    container = "spec.template.spec.containers[0]"
    assert [consumer for consumer in consumers if consumer.namespace == home] == [
        Consumer(
            "Deployment",
            home,
            "shop",
            ObjectKey(SECRET, home, "database"),
            key="password",
            field=f"{container}.env[0].valueFrom.secretKeyRef",
            way=Way.VARIABLE,
        ),
        Consumer(
            "Deployment",
            home,
            "shop",
            ObjectKey(SECRET, home, "settings"),
            optional=True,
            field=f"{container}.envFrom[0].secretRef",
            way=Way.VARIABLE,
        ),
    ]


def test_a_renewal_does_not_bring_back_a_lock_that_was_removed_meanwhile(
    cluster: Cluster, store: Store, home: str
) -> None:
    """A server makes a Lease that it is told to update and that is not there."""
    assert isinstance(store, KubernetesStore)
    lease = Lease.of(store._set("default"))
    _, before = lease.looked_up()
    assert before is not None
    cluster.kubectl("delete", "lease", "-n", home, "--all")
    assert not lease.written(before, Term("a test", 0.0, 0.0, 600))
    assert store.read_lock("default") is None
