"""The paths of objects in the API of Kubernetes (API reference, v1.35)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from reconciler.model.objects import NAMESPACE, ObjectKey
from reconciler.rules.consumers import CONSUMER_GROUPS

ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def plural(kind: str) -> str:
    """The name of a kind's objects in paths: ``secrets``, ``ingresses``."""
    return f"{kind.lower()}{'es' if kind.endswith('s') else 's'}"


@lru_cache(maxsize=1024)  # each write of a namespace asks for the same one
def collection(kind: str, namespace: str = "") -> str:
    """The path of all objects of a kind: of a namespace, or of the whole cluster."""
    group = CONSUMER_GROUPS.get(kind, "")
    root = f"/apis/{group}/v1" if group else "/api/v1"
    within = f"namespaces/{quote(namespace, safe='')}/" if namespace and kind != NAMESPACE else ""
    return f"{root}/{within}{plural(kind)}"


def of(key: ObjectKey) -> str:
    """The path of one object."""
    return f"{collection(key.kind, key.namespace)}/{quote(key.name, safe='')}"


def leases(namespace: str) -> str:
    """The path of the Leases of a namespace (API reference: Lease v1 coordination.k8s.io)."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases"


def events(namespace: str = "") -> str:
    """The path of the Events of a namespace, or of all (API reference: Event v1 events.k8s.io)."""
    within = f"namespaces/{quote(namespace, safe='')}/" if namespace else ""
    return f"/apis/events.k8s.io/v1/{within}events"
