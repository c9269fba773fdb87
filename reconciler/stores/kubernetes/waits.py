"""What a write still waits for, according to the object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.objects import NAMESPACE, SECRET

_TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 - a type
_TOKEN = "token"  # noqa: S105 - a key's name


def creation(document: Mapping[str, Any], kind: str) -> str:
    """What the object waits for until it can be used; empty where it can be."""
    if kind == NAMESPACE:
        phase = (document.get("status") or {}).get("phase") or "Active"
        return "" if phase == "Active" else f"the namespace is {phase} and not yet Active"
    if kind == SECRET and document.get("type") == _TOKEN_TYPE:
        filled = _TOKEN in (document.get("data") or {})
        return "" if filled else "the controller has not filled in the token yet"
    return ""


def deletion(document: Mapping[str, Any], kind: str) -> str:
    """What the deletion of the object waits for; empty where it is gone or will be at once."""
    metadata = document.get("metadata") or {}
    held = metadata.get("finalizers")
    if held:
        return f"the deletion is held by the finalizers {', '.join(held)}"
    if kind != NAMESPACE:
        return ""
    conditions = (document.get("status") or {}).get("conditions") or ()
    remaining = [
        str(condition.get("message"))
        for condition in conditions
        if condition.get("status") == "True" and condition.get("message")
    ]
    return "; ".join(["the content of the namespace is being deleted", *remaining])
