"""What an API server says of a Secret's data, by the Secret's type.

From Kubernetes v1.35: ValidateSecret (pkg/apis/core/validation/validation.go). A type that is not
in `TYPE_RULES` is free in its keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import Resource, Severity
from reconciler.model.values import AbsentValue
from reconciler.rules.bootstrap_tokens import bootstrap_token_warnings
from reconciler.rules.names import DATA_KEY, is_data_key
from reconciler.rules.violations import Check, RulePath, Violation

DATA_LIMIT = 1024 * 1024
"""Bytes of all decoded values together; keys do not count (MaxSecretSize)."""

SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"

_KEY_HINT = f"{DATA_KEY.rule}; put a value that holds a comma in quotes"


def secret_warnings(secret: Resource) -> Iterable[Violation]:
    """What is accepted of ``data`` and ``type``, though it will not do what its author wants."""
    warnings = TYPE_WARNINGS.get(secret.type)
    return () if warnings is None else warnings(secret)


def secret_violations(secret: Resource) -> Iterable[Violation]:
    """What a server refuses of ``data`` and ``type``."""
    violations: list[Violation] = []
    size = 0
    for key, value in secret.data.items():
        size += 0 if isinstance(value, AbsentValue) else len(value.reveal())
        if not is_data_key(key):
            violations.append(_key_violation(key))
    if size > DATA_LIMIT:
        violations.append(
            Violation(
                ("data",),
                "data-too-large",
                f"the values have {size:,} bytes together, at most {DATA_LIMIT:,}",
                "split the Secret",
            )
        )
    rule = TYPE_RULES.get(secret.type)
    if rule is not None:
        violations += rule(secret)
    return violations


def _key_violation(key: str) -> Violation:
    """Say that `key` is none, and not what it is: it may be the second half of a value."""
    fault = "this is not a data key"
    if len(key) > DATA_KEY.limit:
        fault = f"this key has {len(key)} characters, a data key at most {DATA_KEY.limit}"
    return Violation(("data", key), "data-key-invalid", fault, _KEY_HINT, of_key=True)


def _service_account_token(secret: Resource) -> Iterator[Violation]:
    if not secret.annotations.get(SERVICE_ACCOUNT_NAME):
        yield Violation(
            ("metadata", "annotations", SERVICE_ACCOUNT_NAME),
            "annotation-missing",
            f"a Secret of type {secret.type} must name its ServiceAccount",
            f"set the annotation {SERVICE_ACCOUNT_NAME}",
        )


def _registry_auth(key: str, code: str) -> Check:
    def rule(secret: Resource) -> Iterator[Violation]:
        if key not in secret.data:
            yield _missing(secret, key)
            return
        value = secret.data[key]
        fault = "" if isinstance(value, AbsentValue) else _json_fault(value.reveal())
        if fault:
            hint = "write the file as docker login leaves it, one JSON object"
            yield Violation(("data", key), code, fault, hint)

    return rule


def _basic_auth(secret: Resource) -> Iterator[Violation]:
    if not {"username", "password"} & _present(secret):
        yield Violation(
            ("data",),
            "required-key-missing",
            f"a Secret of type {secret.type} needs username or password",
            "add one of the two keys; its value may be empty",
        )


def _ssh_auth(secret: Resource) -> Iterator[Violation]:
    key = "ssh-privatekey"
    if key not in _present(secret):
        yield _missing(secret, key)
        return
    value = secret.data.get(key)
    if value is not None and not isinstance(value, AbsentValue) and not value.reveal():
        yield Violation(
            ("data", key),
            "required-key-empty",
            f"a Secret of type {secret.type} needs a private key here, and the value is empty",
            "give the key a value",
        )


def _tls(secret: Resource) -> Iterator[Violation]:
    present = _present(secret)
    missing = [key for key in ("tls.crt", "tls.key") if key not in present]
    yield from (_missing(secret, key) for key in missing)


def _tls_warnings(secret: Resource) -> Iterator[Violation]:
    """From warningsForSecret (pkg/registry/core/secret/strategy.go)."""
    # Imported here, since it imports cryptography, and most runs meet no TLS Secret.
    from reconciler.rules.key_pairs import key_pair_fault

    pair = [secret.data.get(key) for key in ("tls.crt", "tls.key")]
    if any(value is None or isinstance(value, AbsentValue) for value in pair):
        return
    fault = key_pair_fault(*(value.reveal() for value in pair if value is not None))
    if fault:
        path = ("data", fault.key)
        yield Violation(path, "tls-pair-unusable", fault.message, fault.hint, Severity.WARNING)


TYPE_RULES: Mapping[str, Check] = {
    "kubernetes.io/service-account-token": _service_account_token,
    "kubernetes.io/dockercfg": _registry_auth(".dockercfg", "dockercfg-invalid"),
    "kubernetes.io/dockerconfigjson": _registry_auth(
        ".dockerconfigjson", "dockerconfigjson-invalid"
    ),
    "kubernetes.io/basic-auth": _basic_auth,
    "kubernetes.io/ssh-auth": _ssh_auth,
    "kubernetes.io/tls": _tls,
}
"""What a server refuses, by type. Adding a type is adding an entry."""

TYPE_WARNINGS: Mapping[str, Check] = {
    "kubernetes.io/tls": _tls_warnings,
    "bootstrap.kubernetes.io/token": bootstrap_token_warnings,
}
"""What a server or a type's consumers accept and do nothing good with, by type."""


def _present(secret: Resource) -> set[str]:
    """The keys that the Secret has, or will have when an apply has generated their values."""
    generated = (recipe.keys for recipe in lifecycle(secret).recipes)
    return {*secret.data, *(key for keys in generated for key in keys)}


def _missing(secret: Resource, key: str) -> Violation:
    path: RulePath = ("data", key)
    message = f"a Secret of type {secret.type} needs the key {key}"
    return Violation(path, "required-key-missing", message, "add the key, or correct the type")


def _json_fault(content: bytes) -> str:
    """Say why Go's encoding/json does not read `content` into an object; never what it holds.

    As there, ``null`` is an object, invalid UTF-8 within strings is let through, and numbers that
    no float64 holds are not.
    """
    text = content.decode("utf-8", "replace")
    if not text.strip(" \t\r\n"):
        return "the value is empty, not a JSON object"
    try:
        value = _GO_JSON.decode(text)
    except json.JSONDecodeError as fault:
        return f"the value is not JSON: line {fault.lineno}, column {fault.colno}"
    except ValueError:
        return "the value is not JSON: a number is out of range"
    except RecursionError:
        return "the value is nested too deeply"
    return "" if value is None or isinstance(value, dict) else "the value is not a JSON object"


def _number(literal: str) -> float:
    number = float(literal)
    if math.isinf(number):
        raise ValueError
    return number


def _not_a_number(_literal: str) -> float:
    raise ValueError


_GO_JSON = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_not_a_number)
