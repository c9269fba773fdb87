"""Converts between resources and Kubernetes API documents; values stay wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.objects import SECRET, ObjectKey, OwnerReference, Resource
from reconciler.model.values import SecretValue

Document = dict[str, Any]
"""A JSON object whose leaves are JSON scalars or wrapped secret values."""


def to_document(resource: Resource) -> Document:
    """The part of `resource` that a patch may change: metadata, type, immutable, data, settings.

    Empty maps and lists are left out, so that equal resources have equal documents.
    """
    metadata: Document = {}
    if resource.labels:
        metadata["labels"] = dict(resource.labels)
    if resource.annotations:
        metadata["annotations"] = dict(resource.annotations)
    if resource.finalizers:
        metadata["finalizers"] = list(resource.finalizers)
    if resource.owners:
        metadata["ownerReferences"] = [owner_document(owner) for owner in resource.owners]
    document: Document = {"metadata": metadata, **resource.settings}
    if resource.kind == SECRET:
        document["type"] = resource.type
        if resource.immutable:
            document["immutable"] = True
        if resource.data:
            document["data"] = dict(resource.data)
    return document


def from_document(key: ObjectKey, document: Mapping[str, Any], generate_name: str = "") -> Resource:
    """The resource in `document`, which `to_document` made and a patch may have changed."""
    metadata = document.get("metadata") or {}
    owners = metadata.get("ownerReferences")
    return Resource(
        key=key,
        generate_name=generate_name,
        labels=_texts(metadata.get("labels")),
        annotations=_texts(metadata.get("annotations")),
        finalizers=tuple(metadata.get("finalizers") or ()),
        owners=tuple(map(_owner, owners)) if owners else (),
        type=document.get("type") or "",
        immutable=bool(document.get("immutable")),
        data=document.get("data") or {},
        settings={
            name: value
            for name, value in document.items()
            if name not in {"metadata", "type", "immutable", "data"}
        },
    )


def owner_document(owner: OwnerReference) -> Document:
    """An owner reference as the API writes it; absent booleans are left out."""
    document: Document = {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
    }
    if owner.controller is not None:
        document["controller"] = owner.controller
    if owner.block_owner_deletion is not None:
        document["blockOwnerDeletion"] = owner.block_owner_deletion
    return document


def _texts(values: Mapping[str, str | SecretValue] | None) -> dict[str, str]:
    """Labels or annotations; those that a plan masks are wrapped values."""
    if not values:
        return {}
    return {name: value if type(value) is str else _text(value) for name, value in values.items()}


def _text(value: str | SecretValue) -> str:
    return value.reveal().decode() if isinstance(value, SecretValue) else value


def _owner(document: Mapping[str, Any]) -> OwnerReference:
    return OwnerReference(
        api_version=document["apiVersion"],
        kind=document["kind"],
        name=document["name"],
        uid=document["uid"],
        controller=document.get("controller"),
        block_owner_deletion=document.get("blockOwnerDeletion"),
    )
