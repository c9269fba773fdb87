"""Registry accounts that contradict themselves, or cover only one of a registry's two domains."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.objects import Resource, Severity
from reconciler.rules import Violation
from reconciler.rules.base64 import decode_base64

_KEYS = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}
# The public and the internal domain of a registry of Alibaba Cloud; the page of CreateSecret of its
# Serverless App Engine advises to give both.
_DOMAIN = re.compile(
    r"(?P<head>(?:[a-z0-9-]+-)?registry)(?P<vpc>-vpc)?(?P<tail>\.[a-z0-9-]+(?:\.cr)?\.aliyuncs\.com)"
)
_HINT = "write base64 of USERNAME:PASSWORD into auth, or leave auth out: kubelets believe auth"


def registry_warnings(secret: Resource) -> Iterator[Violation]:
    """What looks like a mistake in the registry accounts of a Secret, as warnings."""
    key = _KEYS.get(secret.type, "")
    if key in secret.data:
        registries = _registries(key, secret.data[key].reveal())
        yield from _mismatches(key, registries)
        yield from _lone_domains(key, registries)


def _lone_domains(key: str, registries: Mapping[str, Any]) -> Iterator[Violation]:
    """One warning for each registry that is listed under only one of its two domains."""
    matches = [_DOMAIN.fullmatch(_host(name)) for name in registries]
    held = {(match["head"], bool(match["vpc"]), match["tail"]) for match in matches if match}
    for number, match in enumerate(matches, 1):
        if match and (match["head"], not match["vpc"], match["tail"]) not in held:
            here, missing = ("internal", "public") if match["vpc"] else ("public", "internal")
            yield Violation(
                ("data", key),
                "registry-one-domain",
                f"registry {number} is listed under its {here} domain only, not its {missing} one",
                "add the account for both domains: the network decides which one images come from",
                Severity.WARNING,
            )


def _host(name: str) -> str:
    return name.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()


def _mismatches(key: str, registries: Mapping[str, Any]) -> Iterator[Violation]:
    """One warning for each account whose ``auth`` differs from its username and password.

    As in Kubernetes v1.35, pkg/credentialprovider/config.go: a kubelet takes username and
    password from ``auth``, if set. Messages number the accounts: their names are in the value.
    """
    for number, account in enumerate(registries.values(), 1):
        auth = account.get("auth") if isinstance(account, dict) else None
        if isinstance(auth, str) and auth and not _agrees(auth, account):
            message = f"the auth of registry {number} is not base64 of its username:password"
            yield Violation(
                ("data", key), "registry-auth-mismatch", message, _HINT, Severity.WARNING
            )


def _registries(key: str, content: bytes) -> Mapping[str, Any]:
    try:
        registries = json.loads(content)
    except (ValueError, RecursionError):  # the rule for the type reports these
        return {}
    if key == ".dockerconfigjson" and isinstance(registries, dict):
        registries = registries.get("auths")
    return registries if isinstance(registries, dict) else {}


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
