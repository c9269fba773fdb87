"""The uses of Secrets in Kubernetes objects, in the form of the API.

Source: the Kubernetes API reference v1.35 (ServiceAccount, IngressTLS, ReplicaSet,
ControllerRevision, StatefulSetStatus). Fields of another shape are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.model.consumers import Consumer, Way
from reconciler.model.objects import SECRET, SERVICE_ACCOUNT, ObjectKey, Resource
from reconciler.rules.names import SUBDOMAIN
from reconciler.rules.pod_specs import Use, listed_uses, mapping, maps_in, pod_uses, text_of

_APPS, _BATCH, _NETWORKING = "apps", "batch", "networking.k8s.io"
_TEMPLATE = ("spec", "template", "spec")
_POD_SPECS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Pod": ("", ("spec",)),
    "ReplicationController": ("", _TEMPLATE),
    "Deployment": (_APPS, _TEMPLATE),
    "StatefulSet": (_APPS, _TEMPLATE),
    "DaemonSet": (_APPS, _TEMPLATE),
    "ReplicaSet": (_APPS, _TEMPLATE),
    "Job": (_BATCH, _TEMPLATE),
    "CronJob": (_BATCH, ("spec", "jobTemplate", *_TEMPLATE)),
    "ControllerRevision": (_APPS, ("data", *_TEMPLATE)),
}
"""The kinds that run Pods: their API group, and the path of the Pod spec."""

REVISION = "ControllerRevision"

_INGRESS = "Ingress"
CONSUMER_GROUPS: Mapping[str, str] = {
    **{kind: group for kind, (group, _) in _POD_SPECS.items()},
    SERVICE_ACCOUNT: "",
    _INGRESS: _NETWORKING,
}
"""The kinds that `consumers_of` reads, with their API groups; the core group is empty."""

_ENDED_PHASES = {"Succeeded", "Failed"}
_ENDED_CONDITIONS = {"Complete", "Failed"}


@dataclass(frozen=True, slots=True)
class Workload:
    """An object that may use Secrets.

    Objects are named as ``KIND/NAMESPACE/NAME``. ``controller`` is the object that made this one,
    if it is of a kind that runs Pods. ``revision`` is the ControllerRevision from which a
    StatefulSet may still make Pods. ``uses`` are in the order of the fields.
    """

    name: str
    controller: str
    revision: str
    uses: tuple[Consumer, ...]


def workload_of(
    document: Mapping[str, Any], kind: str = "", *, namespace: str = "default", manifest: str = ""
) -> Workload | None:
    """The object in `document`; ``None`` if its kind uses no Secrets.

    `kind` is for items of lists without a kind, `namespace` for objects without a namespace, and
    `manifest` becomes that of the consumers. Pods and Jobs that have ended use nothing, and neither
    do the old ReplicaSets of a Deployment once they have no Pods. An image pull secret counts as
    required, though a kubelet tries without it; an entry in ``secrets`` of a ServiceAccount does
    not.
    """
    kind = text_of(document.get("kind")) or kind
    if kind not in _USES or not _is_in_group(document, kind):
        return None
    metadata = mapping(document.get("metadata"))
    home = text_of(metadata.get("namespace")) or namespace
    name = text_of(metadata.get("name")) or f"{text_of(metadata.get('generateName'))}*"
    controller = _controller(metadata, home)
    is_idle = controller.startswith("Deployment/") and _has_no_pods(document)
    return Workload(
        name=f"{kind}/{home}/{name}",
        controller=controller,
        revision=_older_revision(document, home) if kind == "StatefulSet" else "",
        uses=()
        if is_idle
        else tuple(
            Consumer(
                kind=kind,
                namespace=home,
                name=name,
                secret=ObjectKey(SECRET, home, use.secret),
                key=use.key,
                optional=use.optional,
                field=use.field,
                manifest=manifest,
                way=use.way,
            )
            for use in _USES[kind](document)
            if SUBDOMAIN.allows(use.secret)  # else it is part of a template, or encrypted
        ),
    )


def consumers_of(
    document: Mapping[str, Any], kind: str = "", *, namespace: str = "default", manifest: str = ""
) -> Iterator[Consumer]:
    """The uses of Secrets by the object in `document`, seen by itself; see `workload_of`.

    Objects that a controller made are left out, since the controller names the same Secrets as
    far as anybody can tell who does not see it.
    """
    workload = workload_of(document, kind, namespace=namespace, manifest=manifest)
    if workload and not (workload.controller or workload.name.startswith(f"{REVISION}/")):
        yield from workload.uses


def consumers_among(workloads: Iterable[Workload]) -> Iterator[Consumer]:
    """The uses by all of `workloads`, which are those of a store.

    What a controller made counts only for what the controller does not name any more: in a
    rollout, the old ReplicaSet and the old Pods. A ControllerRevision counts as long as its
    StatefulSet makes Pods from it.
    """
    by_name = {workload.name: workload for workload in workloads}
    for workload in by_name.values():
        controller = by_name.get(workload.controller)
        if workload.name.startswith(f"{REVISION}/") and (
            controller is None or controller.revision != workload.name
        ):
            continue
        covered = {_need(use) for above in _above(workload, by_name) for use in above.uses}
        yield from (use for use in workload.uses if _need(use) not in covered)


def _above(workload: Workload, by_name: Mapping[str, Workload]) -> Iterator[Workload]:
    """The controllers of a workload, from its own upwards; a chain has at most three objects."""
    for _ in range(3):
        controller = by_name.get(workload.controller)
        if controller is None:
            return
        yield controller
        workload = controller


def _need(use: Consumer) -> tuple[ObjectKey, str, bool]:
    return use.secret, use.key, use.optional


def account_consumers(account: Resource, manifest: str = "") -> Iterator[Consumer]:
    """The uses of Secrets by a ServiceAccount that is managed."""
    yield from consumers_of(
        {**account.settings, "metadata": {"name": account.name or f"{account.generate_name}*"}},
        SERVICE_ACCOUNT,
        namespace=account.namespace,
        manifest=manifest,
    )


def _is_in_group(document: Mapping[str, Any], kind: str) -> bool:
    """Whether the API group is that of `kind`; items of lists have none."""
    version = text_of(document.get("apiVersion"))
    return not version or version.rpartition("/")[0] == CONSUMER_GROUPS[kind]


def _controller(metadata: Mapping[str, Any], home: str) -> str:
    """The controller in ``ownerReferences``; empty if it is of no kind that runs Pods."""
    for _, owner in maps_in(metadata.get("ownerReferences")):
        kind, version = text_of(owner.get("kind")), text_of(owner.get("apiVersion"))
        runs_pods = version and kind in _POD_SPECS and _is_in_group(owner, kind)
        if owner.get("controller") is True and runs_pods:
            return f"{kind}/{home}/{text_of(owner.get('name'))}"
    return ""


def _has_no_pods(replica_set: Mapping[str, Any]) -> bool:
    """Whether a ReplicaSet is scaled to nothing, and got there."""
    spec, status = mapping(replica_set.get("spec")), mapping(replica_set.get("status"))
    return spec.get("replicas") == 0 and not status.get("replicas")


def _older_revision(stateful_set: Mapping[str, Any], home: str) -> str:
    """The revision from which a StatefulSet makes those Pods anew that are not updated yet."""
    strategy = mapping(mapping(stateful_set.get("spec")).get("updateStrategy")).get("type")
    current = text_of(mapping(stateful_set.get("status")).get("currentRevision"))
    # With OnDelete, each new Pod is of the new revision, and this field is never updated.
    return "" if strategy == "OnDelete" or not current else f"{REVISION}/{home}/{current}"


def _workload_uses(path: tuple[str, ...], document: Mapping[str, Any]) -> Iterator[Use]:
    if _has_ended(mapping(document.get("status"))):
        return
    spec = document
    for name in path:
        spec = mapping(spec.get(name))
    yield from pod_uses(spec, ".".join(path))


def _has_ended(status: Mapping[str, Any]) -> bool:
    if text_of(status.get("phase")) in _ENDED_PHASES:
        return True
    return any(
        text_of(condition.get("type")) in _ENDED_CONDITIONS and condition.get("status") == "True"
        for _, condition in maps_in(status.get("conditions"))
    )


def _account_uses(document: Mapping[str, Any]) -> Iterator[Use]:
    yield from listed_uses(document, "secrets", "secrets", optional=True)
    yield from listed_uses(document, "imagePullSecrets", "imagePullSecrets", way=Way.ACCOUNT)


def _ingress_uses(document: Mapping[str, Any]) -> Iterator[Use]:
    for index, entry in maps_in(mapping(document.get("spec")).get("tls")):
        yield Use(text_of(entry.get("secretName")), f"spec.tls[{index}].secretName")


_USES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Use]]] = {
    **{kind: partial(_workload_uses, path) for kind, (_, path) in _POD_SPECS.items()},
    SERVICE_ACCOUNT: _account_uses,
    _INGRESS: _ingress_uses,
}
