"""Restarts that are noted with a set before they are made, so that a crash loses none.

Whoever may write to the set's parent may write anything there, so what cannot be understood is left
out. A plan believes a debt only where the workload uses the Secret.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from reconciler.model.objects import Live, ObjectKey

Debts = Mapping[ObjectKey, Mapping[ObjectKey, str]]
"""The workloads, and for each the Secrets with the resource versions that these had before.

The version is empty where there was no Secret.
"""


def noted(
    restarts: Mapping[ObjectKey, Collection[ObjectKey]],
    held: Debts,
    objects: Mapping[ObjectKey, Live],
) -> Debts:
    """`restarts` with the versions of `objects`; what is `held` keeps the version noted first."""
    return {
        key: {
            secret: held.get(key, {}).get(secret, _version(secret, objects)) for secret in secrets
        }
        for key, secrets in restarts.items()
    }


def owed(debts: Debts, objects: Mapping[ObjectKey, Live]) -> dict[ObjectKey, tuple[ObjectKey, ...]]:
    """The workloads that have not been restarted, with the Secrets that changed since the note."""
    changed = {
        key: tuple(
            secret
            for secret, version in sorted(secrets.items())
            if secret in objects and _version(secret, objects) != version
        )
        for key, secrets in debts.items()
    }
    return {key: secrets for key, secrets in changed.items() if secrets}


def encoded(debts: Debts) -> str:
    """`debts` as JSON, for an annotation; empty where there are none."""
    if not debts:
        return ""
    texts = {
        str(key): {str(secret): version for secret, version in secrets.items()}
        for key, secrets in debts.items()
    }
    return json.dumps(texts, separators=(",", ":"), sort_keys=True)


def decoded(text: str) -> Debts:
    """What `encoded` has made, without what is something else."""
    try:
        document = json.loads(text) if text else {}
        return {
            _key(name): {_key(secret): str(version) for secret, version in secrets.items()}
            for name, secrets in document.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _key(text: str) -> ObjectKey:
    kind, namespace, name = text.split("/")
    return ObjectKey(kind, namespace, name)


def _version(key: ObjectKey, objects: Mapping[ObjectKey, Live]) -> str:
    return objects[key].resource_version if key in objects else ""
