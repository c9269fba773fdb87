"""Registry accounts that contradict themselves, or that have one of a registry's two domains."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.manifests.scalars import decode_base64
from reconciler.model.objects import Resource, Severity
from reconciler.rules import Violation

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
    """One warning for each registry of which one of two domains is there."""
    found = [_DOMAIN.fullmatch(_host(name)) for name in registries]
    held = {(match["head"], bool(match["vpc"]), match["tail"]) for match in found if match}
    for number, match in enumerate(found, 1):
        if match and (match["head"], not match["vpc"], match["tail"]) not in held:
            here, missing = ("internal", "public") if match["vpc"] else ("public", "internal")
            yield Violation(
                ("data", key),
                "registry-one-domain",
                f"registry {number} is there with its {here} domain and not with its {missing} one",
                "give the account for both domains: images are pulled by either, as the network is",
                Severity.WARNING,
            )


def _host(name: str) -> str:
    return name.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()


def _mismatches(key: str, registries: Mapping[str, Any]) -> Iterator[Violation]:
    """One warning for each account of which a kubelet reads something else than is written.

    As in Kubernetes v1.35, pkg/credentialprovider/config.go: where there is an ``auth``, username
    and password are taken from it. Accounts are told by number, since the value holds their names.
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
        found = json.loads(content)
    except (ValueError, RecursionError):  # the type's rule tells of these
        return {}
    if key == ".dockerconfigjson" and isinstance(found, dict):
        found = found.get("auths")
    return found if isinstance(found, dict) else {}


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
