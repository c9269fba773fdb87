"""What an API server accepts and its author most likely did not mean, told as warnings.

A lint looks at a value only where a cheap test of its first bytes, or of the key's name, says so:
every value of every manifest comes by here. No message holds a value, nor tells its length.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.manifests.lints.annotations import annotation_warnings
from reconciler.manifests.lints.pem import pem_warnings
from reconciler.manifests.lints.registries import registry_warnings
from reconciler.manifests.lints.settings import (
    EXPIRY_DAYS,
    LINTS,
    OFF,
    LintSettings,
)
from reconciler.manifests.lints.values import value_warnings
from reconciler.model.objects import OPAQUE, Resource
from reconciler.rules import Violation

__all__ = ["EXPIRY_DAYS", "LINTS", "OFF", "LintSettings", "lint"]


def lint(secret: Resource, moment: datetime, expiry_days: int) -> list[Violation]:
    """Everything that looks like a mistake in `secret`, as warnings.

    Certificates are judged as of `moment`, which has a time zone; those that end within
    `expiry_days` of it are told of.
    """
    found: list[Violation] = []
    for key, value in secret.data.items():
        content = value.reveal()
        found += value_warnings(key, content)
        if b"-----BEGIN " in content:
            found += pem_warnings(secret, key, moment, expiry_days)
    if secret.annotations:
        found += annotation_warnings(secret)
    if secret.type != OPAQUE:
        found += registry_warnings(secret)
    return found
