"""Where the store is: the region, its endpoint, and its namespaces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import ConfigError
from reconciler.stores.urls import is_loopback, named_by

SCHEME = "sae"
DEFAULT_NAMESPACE = "default"

_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_ENDPOINT = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?")
_SHORT_ID = r"[A-Za-z0-9_-]+"
_NAMES = {"strict", "hyphens"}
_EXAMPLE = "write sae://REGION, for example sae://cn-beijing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A region of the service, as the store's URL and the settings describe it.

    ``endpoint`` is ``HOST`` or ``HOST:PORT``, empty for the region's own. ``encrypted`` is false
    for an endpoint on this machine with ``http://``. ``hyphens`` allows names with hyphens.
    ``mapping`` has the ``NamespaceId`` of namespaces that have another name in the service.
    """

    region: str
    endpoint: str = ""
    encrypted: bool = True
    hyphens: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The store for people."""
        return f"{self.region} at {self.endpoint}" if self.endpoint else self.region

    def namespace_id(self, namespace: str) -> str:
        """The ``NamespaceId`` of a Kubernetes namespace; `default` is the bare region.

        Raises:
            ConfigError: the setting gives that ``NamespaceId`` to another namespace.
        """
        if namespace in self.mapping:
            return self.mapping[namespace]
        unmapped = self.region if namespace == DEFAULT_NAMESPACE else f"{self.region}:{namespace}"
        for other, taken in self.mapping.items():
            if taken == unmapped:
                raise ConfigError(
                    f"the namespaces {namespace!r} and {other!r} would both be {unmapped}",
                    hint=f"give {namespace} another one: sae-namespaces in reconciler.yaml",
                )
        return unmapped

    def namespace(self, namespace_id: str) -> str:
        """The Kubernetes namespace of a ``NamespaceId``."""
        for name, mapped in self.mapping.items():
            if mapped == namespace_id:
                return name
        return namespace_id.partition(":")[2] or DEFAULT_NAMESPACE


def place_of(url: str, namespaces: str = "") -> Place:
    """The place that ``sae://REGION[?endpoint=…][&names=hyphens]`` names.

    `namespaces` is ``NAMESPACE=ID,…``, each id with or without the region before it.

    Raises:
        ConfigError: one of them cannot be used.
    """
    region, given = named_by(url, "region", _REGION, {"endpoint", "names"}, _EXAMPLE)
    names = given.get("names", "strict")
    if names not in _NAMES:
        raise ConfigError("names= in the store's URL must be strict or hyphens")
    encrypted, endpoint = _endpoint(given.get("endpoint", ""))
    return Place(
        region=region,
        endpoint=endpoint,
        encrypted=encrypted,
        hyphens=names == "hyphens",
        mapping=_mapping(namespaces, region),
    )


def _endpoint(text: str) -> tuple[bool, str]:
    """Whether to encrypt, and the endpoint without its scheme."""
    scheme, separator, rest = text.rpartition("://")
    endpoint = rest.rstrip("/")
    if scheme not in {"", "http", "https"} or (text and not _ENDPOINT.fullmatch(endpoint)):
        raise ConfigError(
            "endpoint= in the store's URL is no endpoint",
            hint="write HOST or HOST:PORT, for example sae-vpc.cn-beijing.aliyuncs.com",
        )
    encrypted = not (separator and scheme == "http")
    if not encrypted and not is_loopback(endpoint.partition(":")[0]):
        raise ConfigError(
            "endpoint= in the store's URL is not encrypted, and values would travel in clear",
            hint="write it without http://",
        )
    return encrypted, endpoint


def _mapping(text: str, region: str) -> dict[str, str]:
    mapping: dict[str, str] = {}
    entries = filter(None, (part.strip() for part in text.split(",")))
    for number, entry in enumerate(entries, start=1):
        name, _, given = (part.strip() for part in entry.partition("="))
        full = given if given == region or ":" in given else f"{region}:{given}"
        if not name or not re.fullmatch(rf"{region}(:{_SHORT_ID})?", full):
            raise ConfigError(
                f"sae-namespaces: entry {number} does not map a namespace to one of {region}",
                hint=f"write NAMESPACE=ID or NAMESPACE={region}:ID",
            )
        if name in mapping or full in mapping.values():
            raise ConfigError(f"sae-namespaces: entry {number} maps what is mapped already")
        mapping[name] = full
    return mapping
