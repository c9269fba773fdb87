"""Registry accounts that lack a credential, contradict themselves, or cover one of two domains."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.objects import Resource, Severity
from reconciler.model.values import AbsentValue
from reconciler.rules import Violation
from reconciler.rules.base64 import decode_base64

_JSON_KEY = ".dockerconfigjson"
_KEYS = {
    "kubernetes.io/dockerconfigjson": _JSON_KEY,
    "kubernetes.io/dockercfg": ".dockercfg",
}
# The public and the internal domain of a registry of Alibaba Cloud; the page of CreateSecret of its
# Serverless App Engine advises to give both.
_DOMAIN = re.compile(
    r"(?P<head>(?:[a-z0-9-]+-)?registry)(?P<vpc>-vpc)?(?P<tail>\.[a-z0-9-]+(?:\.cr)?\.aliyuncs\.com)"
)
_CREATE = "create it with 'kubectl create secret docker-registry'"
_HINT = "write base64 of USERNAME:PASSWORD into auth, or leave auth out: kubelets believe auth"


def registry_warnings(secret: Resource) -> Iterable[Violation]:
    """What looks like a mistake in the registry accounts of a Secret, as warnings."""
    if secret.type in _KEYS or any(map(secret.data.__contains__, _KEYS.values())):
        return _warnings(secret)
    return ()


def _warnings(secret: Resource) -> Iterator[Violation]:
    key = _KEYS.get(secret.type, "")
    if key in secret.data:
        value = secret.data[key]
        if isinstance(value, AbsentValue):
            return
        config = _json(value.reveal())
        if isinstance(config, dict | None):
            registries = _registries(key, config or {})
            yield from _without_credential(key, config or {}, registries)
            yield from _mismatches(key, registries)
            yield from _lone_domains(key, registries)
        return
    for type_, other in _KEYS.items():
        if other in secret.data:
            yield _no_credential(
                other,
                f"kubelets read {other} only from Secrets of the type {type_}",
                f"write type: {type_}; a type cannot be changed without a replace",
            )


def _without_credential(
    key: str, config: Mapping[str, Any], registries: Mapping[str, Any]
) -> Iterator[Violation]:
    """A warning for a file without accounts, or for each account that holds no credential.

    As in Kubernetes v1.35, pkg/credentialprovider/config.go (DockerConfigJSON,
    DockerConfigEntry): a kubelet knows ``auths`` with ``auth``, ``username`` and ``password``,
    runs no credential helper and knows no token.
    """
    hint = _CREATE
    if {"credsstore", "credhelpers"} & {*map(str.lower, config)}:
        hint = f"docker login has kept the credential in a store or helper; {_CREATE}"
    elif key == _JSON_KEY and not registries and any(map(_holds_credential, config.values())):
        hint = "put the accounts under auths; without it this is the format of .dockercfg"
    elif key != _JSON_KEY and isinstance(config.get("auths"), dict):
        hint = "write the type and key of dockerconfigjson: that is the format of the file"
    if not registries:
        yield _no_credential(key, "there are no accounts in it for a kubelet to use", hint)
    for number, account in enumerate(registries.values(), 1):
        if not _holds_credential(account):
            message = f"registry {number} has no auth, nor username and password"
            yield _no_credential(key, message, hint)


def _no_credential(key: str, message: str, hint: str) -> Violation:
    return Violation(("data", key), "registry-no-credential", message, hint, Severity.WARNING)


def _holds_credential(account: Any) -> bool:
    """Whether a kubelet finds a credential in `account`; Go's fields know no upper case."""
    if not isinstance(account, dict):
        return False
    fields = {name.lower(): value for name, value in account.items()}
    values = [fields.get(name) for name in ("auth", "username", "password")]
    return any(isinstance(value, str) and value for value in values)


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


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):  # the rule for the type reports these
        return content


def _registries(key: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The accounts by registry; none where they have another shape."""
    if key != _JSON_KEY:
        return config
    fields = {name.lower(): value for name, value in config.items()}
    registries = fields.get("auths")
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
