"""Restarts of workloads, as ``kubectl rollout restart`` and ``kubectl rollout status`` make them.

API reference v1.35: DeploymentStatus, StatefulSetStatus and DaemonSetStatus of apps/v1. Source of
the annotation, and of when a rollout is done: k8s.io/kubectl v0.35,
pkg/polymorphichelpers/objectrestarter.go and rollout_status.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import ObjectInvalid, ObjectMoved, ObjectNotFound, StoreError
from reconciler.model.objects import ObjectKey
from reconciler.model.store import Workload
from reconciler.rules.pod_specs import mapping, maps_in, text_of
from reconciler.stores.kubernetes import paths
from reconciler.stores.kubernetes.connection import MANAGER, MERGE_PATCH, Connection

RESTARTABLE = ("DaemonSet", "Deployment", "StatefulSet")
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

_UNSEEN = "its controller has not seen the restart yet"
_ENDED = "it runs Pods to their end, and the next ones get the new value"
_BARE = "nothing would make its Pods anew"
_EMPTY = "it has no Pods, and the next ones get the new value"
_PAUSED = "it is paused (kubectl rollout resume)"
_ON_DELETE = "its update strategy is OnDelete, so its Pods are made anew only when they are deleted"
_PARTITION = "its update strategy has the partition {}, so a restart would not reach all Pods"
_STUCK = (
    "{}: the rollout has made no progress within progressDeadlineSeconds: {}; old Pods may still "
    "be running"
)
_HINT = (
    "look at `kubectl --namespace {0} describe {1}/{2}` and at its Pods; mend what keeps them from "
    "coming up, or the Secret, and apply with --restart-workloads again: it goes on with this one"
)

Document = Mapping[str, Any]


def workload(document: Document, kind: str) -> Workload:
    """What a restart of the object in `document` takes, and what is in its way."""
    uid = text_of(mapping(document.get("metadata")).get("uid"))
    return Workload(uid, _hindrance(document, kind))


def restart(connection: Connection, key: ObjectKey, uid: str, moment: datetime) -> str:
    """Restart the workload, and say what that still waits for.

    Raises:
        ObjectNotFound: it is gone.
        ObjectMoved: it is another one by now.
    """
    annotations = {RESTARTED_AT: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    template = {"metadata": {"annotations": annotations}}
    try:
        answer = connection.request(
            "PATCH",
            paths.of(key),
            str(key),
            query={"fieldManager": MANAGER},
            body={"metadata": {"uid": uid}, "spec": {"template": template}},
            content_type=MERGE_PATCH,
        )
    except ObjectInvalid:  # such as a change of the uid
        if connection.get(paths.of(key), str(key))["metadata"]["uid"] == uid:
            raise
        raise ObjectMoved(f"{key} was deleted and made anew since the plan") from None
    return unfinished(answer.json(), key)


def rollout(connection: Connection, key: ObjectKey) -> str:
    """What the Pods of the workload still wait for; empty where all of them are new and at work.

    Raises:
        StoreError: the rollout has failed, or the workload is gone.
    """
    try:
        return unfinished(connection.get(paths.of(key), str(key)), key)
    except ObjectNotFound:
        raise ObjectNotFound(f"{key} was deleted during its restart") from None


def unfinished(document: Document, key: ObjectKey) -> str:
    """What the rollout of the workload in `document` waits for; empty where it is done.

    Raises:
        StoreError: it makes no progress any more.
    """
    generation = document["metadata"].get("generation", 0)
    spec, status = mapping(document.get("spec")), mapping(document.get("status"))
    if status.get("observedGeneration", 0) < generation:
        return _UNSEEN
    if key.kind == "Deployment":
        _refuse_stuck(status, key)
    return _PROGRESS[key.kind](spec, status)


def _refuse_stuck(status: Document, key: ObjectKey) -> None:
    for _, condition in maps_in(status.get("conditions")):
        if condition.get("reason") == "ProgressDeadlineExceeded":
            raise StoreError(
                _STUCK.format(key, text_of(condition.get("message"))),
                hint=_HINT.format(key.namespace, key.kind.lower(), key.name),
            )


def _deployment(spec: Document, status: Document) -> str:
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    left = status.get("replicas", 0) - updated
    if updated < wanted:
        return f"{updated} of {wanted} Pods are new"
    if left > 0:
        return f"{left} old Pods are still running"
    available = status.get("availableReplicas", 0)
    return "" if available >= updated else f"{available} of {updated} new Pods are available"


def _stateful_set(spec: Document, status: Document) -> str:
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if status.get("updateRevision") != status.get("currentRevision"):
        return f"{status.get('updatedReplicas', 0)} of {wanted} Pods are new"
    return "" if ready >= wanted else f"{ready} of {wanted} Pods are ready"


def _daemon_set(_: Document, status: Document) -> str:
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if updated < wanted:
        return f"{updated} of {wanted} Pods are new"
    return "" if available >= wanted else f"{available} of {wanted} new Pods are available"


_PROGRESS: Mapping[str, Callable[[Document, Document], str]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
}


def _hindrance(document: Document, kind: str) -> str:
    if kind in {"Job", "CronJob"}:
        return _ENDED
    if kind not in RESTARTABLE:
        return _BARE
    spec = mapping(document.get("spec"))
    strategy = mapping(spec.get("updateStrategy"))
    partition = mapping(strategy.get("rollingUpdate")).get("partition")
    if kind != "DaemonSet" and spec.get("replicas") == 0:
        return _EMPTY
    if spec.get("paused") is True:
        return _PAUSED
    if strategy.get("type") == "OnDelete":
        return _ON_DELETE
    return _PARTITION.format(partition) if partition else ""
