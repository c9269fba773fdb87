"""Registry accounts whose ``auth`` says something else than their ``username`` and ``password``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.manifests.scalars import decode_base64
from reconciler.model.objects import Resource, Severity
from reconciler.rules import Violation

_KEYS = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}
_HINT = "write base64 of USERNAME:PASSWORD into auth, or leave auth out: kubelets believe auth"


def registry_warnings(secret: Resource) -> Iterator[Violation]:
    """One warning for each account of which a kubelet reads something else than is written.

    As in Kubernetes v1.35, pkg/credentialprovider/config.go: where there is an ``auth``, username
    and password are taken from it. Accounts are told by number, since the value holds their names.
    """
    key = _KEYS.get(secret.type, "")
    if key not in secret.data:
        return
    for number, account in enumerate(_accounts(key, secret.data[key].reveal()), 1):
        auth = account.get("auth")
        if isinstance(auth, str) and auth and not _agrees(auth, account):
            message = f"the auth of registry {number} is not base64 of its username:password"
            yield Violation(
                ("data", key), "registry-auth-mismatch", message, _HINT, Severity.WARNING
            )


def _accounts(key: str, content: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):  # the type's rule tells of these
        return
    if key == ".dockerconfigjson" and isinstance(found, dict):
        found = found.get("auths")
    if isinstance(found, dict):
        yield from (account if isinstance(account, dict) else {} for account in found.values())


def _agrees(auth: str, account: Mapping[str, Any]) -> bool:
    padding = "" if auth.endswith("=") else "=" * (-len(auth) % 4)
    try:
        decoded = decode_base64(auth + padding)
    except ValueError:
        return False
    username, colon, password = decoded.partition(b":")
    return bool(colon) and all(
        not written
        or (isinstance(written, str) and written.encode("utf-8", "surrogatepass") == read)
        for written, read in (
            (account.get("username"), username),
            (account.get("password"), password),
        )
    )
