"""The uses of Secrets in Kubernetes objects, in the form of the API.

Source: the Kubernetes API reference v1.35 (PodSpec, Volume, EnvVarSource, EnvFromSource,
ServiceAccount, IngressTLS). Fields of another shape are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.model.consumers import Consumer
from reconciler.model.objects import SECRET, SERVICE_ACCOUNT, ObjectKey, Resource
from reconciler.rules.names import SUBDOMAIN

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
}
"""The kinds that run Pods: their API group, and the path of the Pod spec."""

_INGRESS = "Ingress"
CONSUMER_GROUPS: Mapping[str, str] = {
    **{kind: group for kind, (group, _) in _POD_SPECS.items()},
    SERVICE_ACCOUNT: "",
    _INGRESS: _NETWORKING,
}
"""The kinds that `consumers_of` reads, with their API groups; the core group is empty."""

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
# Volumes that name a Secret for a driver: the field, and the path of the Secret's name in it.
_DRIVERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("azureFile", ("secretName",)),
    ("cephfs", ("secretRef", "name")),
    ("cinder", ("secretRef", "name")),
    ("csi", ("nodePublishSecretRef", "name")),
    ("flexVolume", ("secretRef", "name")),
    ("iscsi", ("secretRef", "name")),
    ("rbd", ("secretRef", "name")),
    ("scaleIO", ("secretRef", "name")),
    ("storageos", ("secretRef", "name")),
)
_ENDED_PHASES = {"Succeeded", "Failed"}
_ENDED_CONDITIONS = {"Complete", "Failed"}


@dataclass(frozen=True, slots=True)
class _Use:
    """A reference to a Secret, or to one of its keys; ``field`` is its place."""

    secret: str
    field: str
    key: str = ""
    optional: bool = False


def consumers_of(
    document: Mapping[str, Any], kind: str = "", *, namespace: str = "default", manifest: str = ""
) -> Iterator[Consumer]:
    """The uses of Secrets by the object in `document`, in the order of its fields.

    `kind` is for items of lists without a kind, `namespace` for objects without a namespace, and
    `manifest` becomes that of the consumers. Objects of other kinds have no uses; nor do Pods and
    Jobs that have ended, or objects that a controller of these kinds owns, since the controller
    names the same Secrets. An image pull secret counts as required, though a kubelet tries without
    it; an entry in ``secrets`` of a ServiceAccount does not.
    """
    kind = _text(document.get("kind")) or kind
    metadata = _map(document.get("metadata"))
    uses = _USES.get(kind)
    if uses is None or not _is_in_group(document, kind) or _has_controller(metadata):
        return
    home = _text(metadata.get("namespace")) or namespace
    name = _text(metadata.get("name")) or f"{_text(metadata.get('generateName'))}*"
    for use in uses(document):
        if SUBDOMAIN.allows(use.secret):  # anything else is part of a template, or encrypted
            yield Consumer(
                kind=kind,
                namespace=home,
                name=name,
                secret=ObjectKey(SECRET, home, use.secret),
                key=use.key,
                optional=use.optional,
                field=use.field,
                manifest=manifest,
            )


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
    version = _text(document.get("apiVersion"))
    return not version or version.rpartition("/")[0] == CONSUMER_GROUPS[kind]


def _has_controller(metadata: Mapping[str, Any]) -> bool:
    for _, owner in _items(metadata.get("ownerReferences")):
        owned_by = _POD_SPECS.get(_text(owner.get("kind")))
        group = _text(owner.get("apiVersion")).rpartition("/")[0]
        if owner.get("controller") is True and owned_by is not None and owned_by[0] == group:
            return True
    return False


def _workload_uses(path: tuple[str, ...], document: Mapping[str, Any]) -> Iterator[_Use]:
    if _has_ended(_map(document.get("status"))):
        return
    spec = document
    for name in path:
        spec = _map(spec.get(name))
    yield from _pod_uses(spec, ".".join(path))


def _has_ended(status: Mapping[str, Any]) -> bool:
    if _text(status.get("phase")) in _ENDED_PHASES:
        return True
    return any(
        _text(condition.get("type")) in _ENDED_CONDITIONS and condition.get("status") == "True"
        for _, condition in _items(status.get("conditions"))
    )


def _pod_uses(spec: Mapping[str, Any], field: str) -> Iterator[_Use]:
    for group in _CONTAINERS:
        for index, container in _items(spec.get(group)):
            yield from _container_uses(container, f"{field}.{group}[{index}]")
    for index, volume in _items(spec.get("volumes")):
        yield from _volume_uses(volume, f"{field}.volumes[{index}]")
    yield from _listed(spec, "imagePullSecrets", f"{field}.imagePullSecrets")


def _container_uses(container: Mapping[str, Any], field: str) -> Iterator[_Use]:
    for index, variable in _items(container.get("env")):
        reference = _map(_map(variable.get("valueFrom")).get("secretKeyRef"))
        where = f"{field}.env[{index}].valueFrom.secretKeyRef"
        name, key = _text(reference.get("name")), _text(reference.get("key"))
        yield _Use(name, where, key, optional=_flag(reference))
    for index, source in _items(container.get("envFrom")):
        reference = _map(source.get("secretRef"))
        where = f"{field}.envFrom[{index}].secretRef"
        yield _Use(_text(reference.get("name")), where, optional=_flag(reference))


def _volume_uses(volume: Mapping[str, Any], field: str) -> Iterator[_Use]:
    yield from _mounted(_map(volume.get("secret")), "secretName", f"{field}.secret")
    for index, source in _items(_map(volume.get("projected")).get("sources")):
        where = f"{field}.projected.sources[{index}].secret"
        yield from _mounted(_map(source.get("secret")), "name", where)
    for driver, path in _DRIVERS:
        secret: Any = volume.get(driver)
        for name in path:
            secret = _map(secret).get(name)
        yield _Use(_text(secret), ".".join((field, driver, *path[:1])))


def _mounted(source: Mapping[str, Any], name_field: str, field: str) -> Iterator[_Use]:
    """A Secret mounted as files: the listed keys, or all keys."""
    name, optional = _text(source.get(name_field)), _flag(source)
    listed = list(_items(source.get("items")))
    if not listed:
        yield _Use(name, field, optional=optional)
    for index, item in listed:
        yield _Use(name, f"{field}.items[{index}]", _text(item.get("key")), optional)


def _listed(
    holder: Mapping[str, Any], name: str, field: str, *, optional: bool = False
) -> Iterator[_Use]:
    for index, reference in _items(holder.get(name)):
        yield _Use(_text(reference.get("name")), f"{field}[{index}]", optional=optional)


def _account_uses(document: Mapping[str, Any]) -> Iterator[_Use]:
    yield from _listed(document, "secrets", "secrets", optional=True)
    yield from _listed(document, "imagePullSecrets", "imagePullSecrets")


def _ingress_uses(document: Mapping[str, Any]) -> Iterator[_Use]:
    for index, entry in _items(_map(document.get("spec")).get("tls")):
        yield _Use(_text(entry.get("secretName")), f"spec.tls[{index}].secretName")


_USES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[_Use]]] = {
    **{kind: partial(_workload_uses, path) for kind, (_, path) in _POD_SPECS.items()},
    SERVICE_ACCOUNT: _account_uses,
    _INGRESS: _ingress_uses,
}


def _map(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _items(node: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The maps in a list, with their indexes."""
    if isinstance(node, list | tuple):
        yield from ((index, item) for index, item in enumerate(node) if isinstance(item, Mapping))


def _text(node: Any) -> str:
    return node if isinstance(node, str) else ""


def _flag(reference: Mapping[str, Any]) -> bool:
    return reference.get("optional") is True
