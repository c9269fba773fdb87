"""Replaces references by values, at the last moment before a store is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.ciphertexts import recorded_digests
from reconciler.model.documents import from_document
from reconciler.model.fields import OWNERS, Leaf, leaf_text
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import UNBORN, Change, FieldPath, PlanValues
from reconciler.model.values import UidOf, ValueRef
from reconciler.planning.owners import settled_path


def resource_of(change: Change, values: PlanValues, uids: Mapping[ObjectKey, str]) -> Resource:
    """The whole object that a create or a replace makes."""
    (operation,) = change.patch
    document = _substituted(operation.value, values, uids)
    is_generated = change.key.name.endswith(UNBORN)
    key = change.key._replace(name="") if is_generated else change.key
    return from_document(key, document, change.generate_name)


def operations_of(
    change: Change, values: PlanValues, uids: Mapping[ObjectKey, str]
) -> tuple[Operation, ...]:
    """The patch of an update."""
    return tuple(
        replace(operation, value=_substituted(operation.value, values, uids))
        for operation in change.patch
    )


def target_of(
    change: Change, values: PlanValues, uids: Mapping[ObjectKey, str]
) -> Mapping[FieldPath, Leaf]:
    """The fields of the object that an update makes."""
    namespace = change.key.namespace
    target = values.targets[change.key]
    return {settled_path(path, uids, namespace): leaf for path, leaf in target.items()}


def record_of(
    change: Change,
    target: Mapping[FieldPath, Leaf],
    set_name: str,
    fingerprinter: Fingerprinter,
    *,
    uids: Mapping[ObjectKey, str],
    digests: Mapping[str, str],
) -> Applied:
    """The record of what is applied, to be kept with the object; `target` are its fields.

    `digests` are those of the values that are encrypted in the manifest.
    """
    namespace, fingerprint = change.key.namespace, fingerprinter.of
    claims = [
        settled_path(path, uids, namespace) if OWNERS in path else path for path in change.claims
    ]
    fields = {path: fingerprint(namespace, path, leaf_text(target[path])) for path in claims}
    return Applied(set_name=set_name, fields=fields, ciphertexts=recorded_digests(digests, fields))


def _substituted(node: Any, values: PlanValues, uids: Mapping[ObjectKey, str]) -> Any:
    if isinstance(node, dict):
        numbered = values.numbered
        return {
            # Most are text or references: a call for each would take as long as all the rest.
            name: child
            if type(child) is str
            else numbered[child.number]
            if type(child) is ValueRef
            else _substituted(child, values, uids)
            for name, child in node.items()
        }
    if isinstance(node, ValueRef):
        return values.numbered[node.number]
    if isinstance(node, list):
        return [_substituted(child, values, uids) for child in node]
    if isinstance(node, UidOf):
        return uids[ObjectKey(node.kind, node.namespace, node.name)]
    return node
