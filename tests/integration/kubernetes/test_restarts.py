"""Restarts on a real API server: patches, rights, staleness, and what an interrupted apply owes.

No controller of workloads runs here, so no rollout ends by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from reconciler.errors import ObjectMoved
from reconciler.model.objects import ObjectKey
from reconciler.model.store import Restarting
from reconciler.stores import open_store
from reconciler.stores.kubernetes.rollouts import RESTARTED_AT
from reconciler.stores.kubernetes.session import KubernetesSession
from tests.integration.kubernetes.site import Site
from tests.world import secret_manifest as secret

KINDS = {"DaemonSet": "daemonsets", "Deployment": "deployments", "StatefulSet": "statefulsets"}
FLAG = "--restart-workloads"
NOT_WAITED = (FLAG, "--wait-timeout", "0")


def workload(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    reference = {"secretKeyRef": {"name": "db", "key": "password"}}
    container = {
        "name": "main",
        "image": "example.com/web",
        "env": [{"name": "PASSWORD", "valueFrom": reference}],
    }
    template = {
        "metadata": {"labels": {"app": name}, "annotations": {"example.com/kept": "yes"}},
        "spec": {"containers": [container]},
    }
    named = {"serviceName": name} if kind == "StatefulSet" else {}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **named, **spec},
    }


@pytest.fixture
def used(site: Site) -> Site:
    """A Secret that each kind of workload uses, and of which the manifest has another value."""
    site.put(secret("db", password="not-a-real-one"))
    site.apply()
    site.create(*(workload(kind, kind.lower()) for kind in KINDS))
    site.put(secret("db", password="not-a-real-two"))
    return site


def restarted_at(site: Site, name: str) -> str:
    """When the workload was restarted last, according to kubectl's annotation."""
    item = json.loads(site.kubectl("get", name, "-o", "json"))
    annotations = item["spec"]["template"]["metadata"]["annotations"]
    assert annotations["example.com/kept"] == "yes"
    return str(annotations.get(RESTARTED_AT, ""))


def keys_of(site: Site) -> list[str]:
    return [f"{kind}/{site.home}/{kind.lower()}" for kind in KINDS]


def planned(site: Site, *options: str) -> dict[str, list[str]]:
    """The restarts of a plan, with their reasons."""
    document = json.loads(site.ok("plan", "-o", "json", FLAG, *options).out)
    return {
        "/".join(change["key"].values()): change["reasons"]
        for change in document["changes"]
        if change["action"] == "restart"
    }


def test_each_kind_is_restarted_by_the_annotation_of_kubectl(used: Site) -> None:
    assert planned(used) == {key: ["stale-pods"] for key in keys_of(used)}
    result = used.apply(*NOT_WAITED)
    for key in keys_of(used):
        assert f"restarted {key}" in result.out
    assert result.out.count("not waited for: its controller has not seen the restart yet") == 3
    times = {restarted_at(used, f"{kind}/{kind.lower()}") for kind in KINDS}
    (moment,) = times
    assert datetime.fromisoformat(moment) <= datetime.now(UTC)
    used.converged(FLAG)


def test_a_restart_that_does_not_end_stops_the_others_and_is_owed(used: Site) -> None:
    used.put(secret("db", password="not-a-real-two"), secret("other", a="1"))
    used.apply("--wait-timeout", "0")  # without the option, nothing is restarted and nothing owed
    assert planned(used) == {}
    used.put(secret("db", password="not-a-real-three"))
    result = used.apply(FLAG, "--prune", "--max-deletes", "1", "--wait-timeout", "1", code=5)
    first, *others = keys_of(used)
    said = result.out + result.err
    assert f"failed to restart {first}: the restart has begun" in said
    assert "--wait-timeout" in said
    assert all(f"skipped {key}: because" in said for key in others)
    assert "other" in used.secrets()
    assert [bool(restarted_at(used, f"{kind}/{kind.lower()}")) for kind in KINDS] == [
        True,
        False,
        False,
    ]
    assert planned(used) == {key: ["owed"] for key in keys_of(used)}
    without = used.ok("plan").out
    assert f"{first} keeps old values of Secret/{used.home}/db" in without
    used.apply(*NOT_WAITED, "--prune", "--max-deletes", "1")
    assert "other" not in used.secrets()
    used.converged(FLAG, "--prune")


class Killed(BaseException):
    """The process died."""


@pytest.mark.parametrize("name", ["owe", "update", "restart", "restarted"])
@pytest.mark.parametrize("done", [False, True])
def test_a_kill_at_any_step_loses_no_restart(
    used: Site, monkeypatch: pytest.MonkeyPatch, name: str, *, done: bool
) -> None:
    method: Callable[..., Any] = getattr(KubernetesSession, name)

    def killed(session: KubernetesSession, *arguments: Any) -> Any:
        if done:
            method(session, *arguments)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(KubernetesSession, name, killed)
        with pytest.raises(Killed):
            used.apply(*NOT_WAITED, "--parallelism", "1")
    left = planned(used)
    first, *others = keys_of(used)
    assert {*left} == {*([] if name == "restarted" and done else [first]), *others}
    used.apply(*NOT_WAITED)
    assert all(restarted_at(used, f"{kind}/{kind.lower()}") for kind in KINDS)
    used.converged(FLAG)


def test_a_debt_for_a_secret_that_did_not_change_is_none(
    used: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(KubernetesSession, "update", killed)
        with pytest.raises(Killed):
            used.apply(*NOT_WAITED)
    used.put(secret("db", password="not-a-real-one"))
    used.converged(FLAG)


@pytest.mark.parametrize("text", ["[]", "{", '{"Deployment": {}}', '{"a/b/c": 1}', '{"a/b/c": {}}'])
def test_a_note_that_cannot_be_understood_is_none(used: Site, text: str) -> None:
    used.apply("--wait-timeout", "0")
    used.patch("reconciler-default", {"metadata": {"annotations": {"reconciler/restarts": text}}})
    used.converged(FLAG)


def test_a_note_by_somebody_else_restarts_nothing_that_does_not_use_the_secret(used: Site) -> None:
    used.put(secret("db", password="not-a-real-two"), secret("other", a="1"))
    used.apply("--wait-timeout", "0")
    debts = {f"Deployment/{used.home}/deployment": {f"Secret/{used.home}/other": "1"}}
    annotations = {"reconciler/restarts": json.dumps(debts)}
    used.patch("reconciler-default", {"metadata": {"annotations": annotations}})
    used.converged(FLAG)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["delete", "deployment", "deployment"], "needs no restart any more"),
        (["scale", "statefulset", "statefulset", "--replicas=0"], "needs no restart any more"),
        (["patch", "deployment", "deployment", "-p", '{"spec": {"paused": true}}'], "needs no"),
    ],
)
def test_a_saved_plan_is_stale_where_other_workloads_are_to_be_restarted(
    used: Site, command: list[str], says: str
) -> None:
    used.ok("plan", FLAG, "--out", "saved.plan")
    shown = used.ok("show", "saved.plan").out
    assert f"^ Deployment/{used.home}/deployment (restart: its Pods would keep old" in shown
    used.kubectl(*command)
    stale = used.run("apply", "saved.plan")
    assert stale.code == 4
    assert says in stale.err + stale.out
    assert used.secrets()["db"] == {"password": "not-a-real-one"}


def test_a_saved_plan_is_stale_where_a_workload_appears_or_is_made_anew(used: Site) -> None:
    used.ok("plan", FLAG, "--out", "saved.plan")
    used.kubectl("label", "deployment", "deployment", "a=b")  # of no account
    used.create(workload("Deployment", "late"))
    used.kubectl("delete", "daemonset", "daemonset")
    used.create(workload("DaemonSet", "daemonset"))
    stale = used.run("apply", "saved.plan")
    assert stale.code == 4
    said = stale.err + stale.out
    assert f"Deployment/{used.home}/late: not in the plan, but needs a restart now" in said
    assert f"DaemonSet/{used.home}/daemonset: deleted and made anew" in said
    assert f"Deployment/{used.home}/deployment:" not in said


def test_what_cannot_be_restarted_is_left_alone_and_said(used: Site) -> None:
    used.kubectl("delete", "daemonset,deployment,statefulset", "--all")
    on_delete = {"updateStrategy": {"type": "OnDelete"}}
    partition = {"updateStrategy": {"rollingUpdate": {"partition": 1}}, "replicas": 2}
    job = workload("Job", "job", backoffLimit=0) | {"apiVersion": "batch/v1"}
    del job["spec"]["selector"]
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    used.create(
        workload("Deployment", "paused", paused=True),
        workload("Deployment", "empty", replicas=0),
        workload("DaemonSet", "on-delete", **on_delete),
        workload("StatefulSet", "in-parts", **partition),
        workload("ReplicaSet", "bare"),
        job,
    )
    out = used.ok("plan", FLAG).out
    assert planned(used) == {}
    for key, why in {
        "Deployment/{}/paused": "it is paused",
        "Deployment/{}/empty": "it has no Pods",
        "DaemonSet/{}/on-delete": "its update strategy is OnDelete",
        "StatefulSet/{}/in-parts": "its update strategy has the partition 1",
        "ReplicaSet/{}/bare": "nothing would make its Pods anew",
        "Job/{}/job": "it runs Pods to their end",
    }.items():
        assert f"{key.format(used.home)} is not restarted: {why}" in out


def test_another_workload_of_the_same_name_is_not_restarted(used: Site) -> None:
    key = ObjectKey("Deployment", used.home, "deployment")
    options = {"kubeconfig": str(used.cluster.kubeconfig), "set-namespace": used.home}
    with (
        closing(open_store("kubernetes:admin", {}, options=options)) as store,
        store.session("default", "test", 60) as session,
        pytest.raises(ObjectMoved, match="made anew"),
    ):
        cast("Restarting", session).restart(key, "another-uid", datetime.now(UTC))
    assert restarted_at(used, "deployment/deployment") == ""


def test_the_rights_that_rbac_prints_are_enough_and_a_missing_one_is_named(used: Site) -> None:
    name = "reconciler-default-apply"
    arguments = ("rbac", "--for", "apply", "--namespaced", used.home)
    binding = ("create", "rolebinding", name, f"--role={name}", "--user=bob")
    used.kubectl("apply", "-f", "-", stdin=used.ok(*arguments, "--consumers").out)
    used.kubectl(*binding)
    used.await_right("bob", "list", "deployments.apps")
    used.log_in("bob")
    result = used.apply(*NOT_WAITED, code=1)
    for kind, plural in KINDS.items():
        for verb in ("get", "patch"):
            right = f'{verb} {plural}.apps "{kind.lower()}" in the namespace "{used.home}"'
            assert f"missing: {right}" in result.err
    assert used.secrets()["db"] == {"password": "not-a-real-one"}
    used.log_in("admin")
    used.kubectl("apply", "-f", "-", stdin=used.ok(*arguments, FLAG).out)
    used.await_right("bob", "patch", "deployments.apps")
    used.log_in("bob")
    used.apply(*NOT_WAITED)
    assert all(restarted_at(used, f"{kind}/{kind.lower()}") for kind in KINDS)
    used.converged(FLAG)
