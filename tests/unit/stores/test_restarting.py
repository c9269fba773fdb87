"""What restarts wait for, what is in their way, and how they are noted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import StoreError
from reconciler.model.objects import ObjectKey
from reconciler.stores.kubernetes import debts
from reconciler.stores.kubernetes.rollouts import unfinished, workload
from tests.world import live, secret

DB = secret("db")
LIVE = {DB.key: live(DB, DB)}
MOVED = {DB.key: replace(live(DB, DB), resource_version="8")}


def seen(spec: dict[str, Any], **status: Any) -> dict[str, Any]:
    status = {"observedGeneration": 2, **status}
    return {"metadata": {"generation": 2, "uid": "u"}, "spec": spec, "status": status}


def waits(kind: str, spec: dict[str, Any], **status: Any) -> str:
    return unfinished(seen(spec, **status), ObjectKey(kind, "shop", "web"))


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"replicas": 3}, {"observedGeneration": 1}, "has not seen the restart"),
        ({"replicas": 3}, {"updatedReplicas": 1, "replicas": 4}, "1 of 3 Pods are new"),
        ({"replicas": 3}, {}, "0 of 3 Pods are new"),
        ({}, {}, "0 of 1 Pods are new"),
        ({"replicas": 3}, {"updatedReplicas": 3, "replicas": 4}, "1 old Pods are still"),
        (
            {"replicas": 3},
            {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 2},
            "2 of 3 new Pods are available",
        ),
        (
            {"replicas": 3},
            {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 3},
            "",
        ),
    ],
)
def test_a_deployment_is_done_when_only_new_pods_are_there_and_at_work(
    spec: dict[str, Any], status: dict[str, Any], expected: str
) -> None:
    said = waits("Deployment", spec, **status)
    assert expected in said
    assert bool(said) is bool(expected)


def test_a_deployment_without_progress_has_failed() -> None:
    stuck = {"reason": "ProgressDeadlineExceeded", "message": "web-2 has timed out progressing."}
    with pytest.raises(StoreError, match="web-2 has timed out") as raised:
        waits("Deployment", {}, conditions=[{"reason": "MinimumReplicasAvailable"}, stuck])
    assert "kubectl --namespace shop describe deployment/web" in raised.value.hint
    assert "--restart-workloads" in raised.value.hint
    old = waits("Deployment", {}, observedGeneration=1, conditions=[stuck])
    assert "has not seen" in old  # the condition is of the rollout before


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            {"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 1},
            "1 of 2 Pods are new",
        ),
        (
            {"currentRevision": "b", "updateRevision": "b", "readyReplicas": 1},
            "1 of 2 Pods are ready",
        ),
        ({"currentRevision": "b", "updateRevision": "b", "readyReplicas": 2}, ""),
    ],
)
def test_a_stateful_set_is_done_when_all_pods_are_of_its_revision(
    status: dict[str, Any], expected: str
) -> None:
    assert waits("StatefulSet", {"replicas": 2}, **status) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 1}, "1 of 2 Pods are new"),
        (
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1},
            "1 of 2 new Pods are available",
        ),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}, ""),
    ],
)
def test_a_daemon_set_is_done_when_each_node_has_a_new_pod(
    status: dict[str, Any], expected: str
) -> None:
    assert waits("DaemonSet", {}, **status) == expected


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        *((kind, {}, "") for kind in ("Deployment", "StatefulSet", "DaemonSet")),
        ("Deployment", {"paused": True}, "paused"),
        ("Deployment", {"replicas": 0}, "no Pods"),
        ("Deployment", {"replicas": 2, "strategy": {"type": "Recreate"}}, ""),
        ("StatefulSet", {"replicas": 0}, "no Pods"),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, "OnDelete"),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, "OnDelete"),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"partition": 2}}}, "partition 2"),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"partition": 0}}}, ""),
        ("Job", {}, "to their end"),
        ("CronJob", {}, "to their end"),
        ("Pod", {}, "nothing would make its Pods anew"),
        ("ReplicaSet", {}, "nothing would make its Pods anew"),
    ],
)
def test_what_is_in_the_way_of_a_restart(kind: str, spec: dict[str, Any], expected: str) -> None:
    made = workload(seen(spec), kind)
    assert made.uid == "u"
    assert expected in made.hindrance
    assert bool(made.hindrance) is bool(expected)


WEB = ObjectKey("Deployment", "shop", "web")
NEW = ObjectKey("Secret", "shop", "new")


def test_a_restart_is_owed_once_its_secret_has_changed() -> None:
    noted = debts.noted({WEB: [DB.key, NEW]}, {}, LIVE)
    assert debts.owed(noted, LIVE) == {}
    assert debts.owed(noted, MOVED) == {WEB: (DB.key,)}
    assert debts.owed(noted, {}) == {}
    created = {**LIVE, NEW: replace(LIVE[DB.key], key=NEW)}
    assert debts.owed(noted, created) == {WEB: (NEW,)}


def test_what_is_owed_stays_owed_when_it_is_noted_again() -> None:
    first = debts.noted({WEB: [DB.key]}, {}, LIVE)
    again = debts.noted({WEB: [DB.key]}, first, MOVED)
    assert debts.owed(again, MOVED) == {WEB: (DB.key,)}
    assert debts.noted({}, first, MOVED) == {}


def test_notes_are_kept_as_text() -> None:
    noted = debts.noted({WEB: [DB.key, NEW]}, {}, LIVE)
    assert debts.decoded(debts.encoded(noted)) == noted
    assert debts.encoded({}) == ""
    for text in ("", "[]", "{", '{"a": {}}', '{"a/b/c": 1}', '{"a/b/c": {"d": "e"}}', "[" * 9000):
        assert debts.decoded(text) == {}
