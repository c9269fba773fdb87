"""The uses of Secrets in the specs of Pods, and the shapes that all of these documents have.

Source: the Kubernetes API reference v1.35 (PodSpec, Volume, EnvVarSource, EnvFromSource). Fields of
another shape are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.consumers import Way

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


@dataclass(frozen=True, slots=True)
class Use:
    """A reference to a Secret, or to one of its keys; ``field`` is its place."""

    secret: str
    field: str
    key: str = ""
    optional: bool = False
    way: Way = Way.OTHER


def pod_uses(spec: Mapping[str, Any], field: str) -> Iterator[Use]:
    """The uses in the spec of a Pod, which stands in `field`."""
    mounts: dict[str, set[Way]] = {}
    for group in _CONTAINERS:
        for index, container in maps_in(spec.get(group)):
            yield from _container_uses(container, f"{field}.{group}[{index}]")
            for name, way in _mounts(container):
                mounts.setdefault(name, set()).add(way)
    for index, volume in maps_in(spec.get("volumes")):
        ways = sorted(mounts.get(text_of(volume.get("name")), {Way.VOLUME}))
        yield from _volume_uses(volume, f"{field}.volumes[{index}]", ways)
    yield from listed_uses(spec, "imagePullSecrets", f"{field}.imagePullSecrets", way=Way.PULL)


def _container_uses(container: Mapping[str, Any], field: str) -> Iterator[Use]:
    for index, variable in maps_in(container.get("env")):
        reference = mapping(mapping(variable.get("valueFrom")).get("secretKeyRef"))
        where = f"{field}.env[{index}].valueFrom.secretKeyRef"
        name, key = text_of(reference.get("name")), text_of(reference.get("key"))
        yield Use(name, where, key, _flag(reference), Way.VARIABLE)
    for index, source in maps_in(container.get("envFrom")):
        reference = mapping(source.get("secretRef"))
        where = f"{field}.envFrom[{index}].secretRef"
        name = text_of(reference.get("name"))
        yield Use(name, where, optional=_flag(reference), way=Way.VARIABLE)


def _mounts(container: Mapping[str, Any]) -> Iterator[tuple[str, Way]]:
    """The volumes that a container mounts, and whether it mounts the whole or a path in it."""
    for _, mount in maps_in(container.get("volumeMounts")):
        has_path = mount.get("subPath") or mount.get("subPathExpr")
        yield text_of(mount.get("name")), Way.SUB_PATH if has_path else Way.VOLUME


def _volume_uses(volume: Mapping[str, Any], field: str, ways: Iterable[Way]) -> Iterator[Use]:
    for way in ways:
        yield from _mounted(mapping(volume.get("secret")), "secretName", f"{field}.secret", way)
        for index, source in maps_in(mapping(volume.get("projected")).get("sources")):
            where = f"{field}.projected.sources[{index}].secret"
            yield from _mounted(mapping(source.get("secret")), "name", where, way)
    for driver, path in _DRIVERS:
        secret: Any = volume.get(driver)
        for name in path:
            secret = mapping(secret).get(name)
        where = ".".join((field, driver, *path[:1]))
        yield Use(text_of(secret), where, way=Way.DRIVER)


def _mounted(source: Mapping[str, Any], name_field: str, field: str, way: Way) -> Iterator[Use]:
    """A Secret mounted as files: the listed keys, or all keys."""
    name, optional = text_of(source.get(name_field)), _flag(source)
    listed = list(maps_in(source.get("items")))
    if not listed:
        yield Use(name, field, optional=optional, way=way)
    for index, item in listed:
        yield Use(name, f"{field}.items[{index}]", text_of(item.get("key")), optional, way)


def listed_uses(
    holder: Mapping[str, Any],
    name: str,
    field: str,
    *,
    optional: bool = False,
    way: Way = Way.OTHER,
) -> Iterator[Use]:
    """The uses in the list of references at `name` of `holder`; its place is `field`."""
    for index, reference in maps_in(holder.get(name)):
        named = text_of(reference.get("name"))
        yield Use(named, f"{field}[{index}]", optional=optional, way=way)


def mapping(node: Any) -> Mapping[str, Any]:
    """`node` if it is a map, else an empty one."""
    return node if isinstance(node, Mapping) else {}


def maps_in(node: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The maps in a list, with their indexes."""
    if isinstance(node, list | tuple):
        yield from ((index, item) for index, item in enumerate(node) if isinstance(item, Mapping))


def text_of(node: Any) -> str:
    """`node` if it is text, else none."""
    return node if isinstance(node, str) else ""


def _flag(reference: Mapping[str, Any]) -> bool:
    return reference.get("optional") is True
