"""Which Secrets other programs make, told by the objects that ask them to.

Source: the API references of cert-manager (Certificate, and "Annotated Ingress resource"), External
Secrets (ExternalSecret) and Sealed Secrets. What does not have their shape is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.objects import SECRET, ObjectKey

_NAMED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("cert-manager.io", "Certificate"): ("spec", "secretName"),
    ("external-secrets.io", "ExternalSecret"): ("spec", "target", "name"),
    ("bitnami.com", "SealedSecret"): ("spec", "template", "metadata", "name"),
}
"""Group and kind, and where the Secret's name stands; without one, the object's own name counts."""

_INGRESS = ("networking.k8s.io", "Ingress")
_ISSUERS = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme")
MAKERS = frozenset({*_NAMED, _INGRESS})
"""The groups and kinds that `secrets_made_by` reads."""


def secrets_made_by(document: Mapping[str, Any], namespace: str) -> Iterator[ObjectKey]:
    """The Secrets that another program makes because of `document`.

    `namespace` is that of objects that name none.
    """
    metadata = _map(document.get("metadata"))
    home = metadata.get("namespace") or namespace
    for name in _names(document, metadata):
        if isinstance(name, str) and isinstance(home, str) and name:
            yield ObjectKey(SECRET, home, name)


def _names(document: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[Any]:
    group = str(document.get("apiVersion")).rpartition("/")[0]
    key = (group, str(document.get("kind")))
    if key in _NAMED:
        found: Any = document
        for part in _NAMED[key]:
            found = _map(found).get(part)
        yield found or metadata.get("name")
    elif key == _INGRESS and any(map(_map(metadata.get("annotations")).get, _ISSUERS)):
        entries = _map(document.get("spec")).get("tls")
        for entry in entries if isinstance(entries, list) else ():
            yield _map(entry).get("secretName")


def _map(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}
