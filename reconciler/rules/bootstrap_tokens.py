"""Bootstrap tokens that an API server accepts but their consumers ignore.

From Kubernetes v1.35: plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go, and the module
k8s.io/cluster-bootstrap (token/api/types.go, util/secrets/secrets.go). Whether a token has expired
is not checked: a rule reads no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from reconciler.model.objects import Resource, Severity
from reconciler.model.values import AbsentValue
from reconciler.rules.names import shown
from reconciler.rules.violations import RulePath, Violation

_NAMESPACE = "kube-system"
_NAME_PREFIX = "bootstrap-token-"
_ID = re.compile(rb"[a-z0-9]{6}")
_SECRET = re.compile(rb"[a-z0-9]{16}")
_GROUP = re.compile(rb"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)")
_USAGES = ("usage-bootstrap-authentication", "usage-bootstrap-signing")


def bootstrap_token_warnings(secret: Resource) -> Iterator[Violation]:
    """Why the cluster would ignore `secret`, of type ``bootstrap.kubernetes.io/token``."""
    if any(isinstance(value, AbsentValue) for value in secret.data.values()):
        return  # what it takes cannot be seen
    values = {key: value.reveal() for key, value in secret.data.items()}
    yield from _place(secret, values.get("token-id", b""))
    if not _SECRET.fullmatch(values.get("token-secret", b"")):
        yield _ignored(
            ("data", "token-secret"),
            "token-secret is missing or not 16 lower-case letters and digits",
            "make a token with kubeadm token generate; its second part goes here",
        )
    if values.get("expiration") and not _is_time(values["expiration"]):
        yield _ignored(
            ("data", "expiration"),
            "expiration is not a time in RFC 3339, so the token counts as expired",
            "write it as 2030-01-31T12:00:00Z",
        )
    groups = values.get("auth-extra-groups", b"")
    if groups and not all(_GROUP.fullmatch(group) for group in groups.split(b",")):
        yield _ignored(
            ("data", "auth-extra-groups"),
            "auth-extra-groups has a group whose name is not allowed",
            "separate groups with commas, each as system:bootstrappers:NAME",
        )
    if all(values.get(usage) != b"true" for usage in _USAGES):
        yield _ignored(
            ("data", _USAGES[0]),
            "the token has no usage",
            f'set {_USAGES[0]} or {_USAGES[1]} to "true"',
        )


def _place(secret: Resource, token_id: bytes) -> Iterator[Violation]:
    if secret.namespace != _NAMESPACE:
        yield _ignored(
            ("metadata", "namespace"),
            f"bootstrap tokens count only in {_NAMESPACE}",
            f"set metadata.namespace to {_NAMESPACE}",
        )
    if not _ID.fullmatch(token_id):
        yield _ignored(
            ("data", "token-id"),
            "token-id is missing or not 6 lower-case letters and digits",
            "make a token with kubeadm token generate; its first part goes here",
        )
    elif secret.name.encode("utf-8", "surrogatepass") != _NAME_PREFIX.encode() + token_id:
        yield _ignored(
            ("metadata", "name"),
            f"{shown(secret.name)} is not {_NAME_PREFIX} and the token-id",
            f"name the Secret {_NAME_PREFIX}<token-id>",
        )


def _is_time(value: bytes) -> bool:
    if not _TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.decode())
    except ValueError:
        return False
    return True


def _ignored(path: RulePath, message: str, hint: str) -> Violation:
    return Violation(path, "bootstrap-token-ignored", message, hint, Severity.WARNING)
