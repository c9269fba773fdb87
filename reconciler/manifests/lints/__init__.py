"""Warnings about Secrets that an API server accepts, though their author hardly meant them.

Lints run on every value of every manifest, so each starts with a cheap test of the first bytes or
of the key's name. No message reveals a value or its length.
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
    Level,
    LintSettings,
)
from reconciler.manifests.lints.types import type_warnings
from reconciler.manifests.lints.values import empty_warnings, value_warnings
from reconciler.model.objects import OPAQUE, Resource
from reconciler.model.values import AbsentValue
from reconciler.rules import Violation

__all__ = ["EXPIRY_DAYS", "LINTS", "OFF", "Level", "LintSettings", "lint"]


def lint(secret: Resource, moment: datetime, expiry_days: int) -> list[Violation]:
    """Everything that looks like a mistake in `secret`, as warnings.

    Certificates are checked as of `moment`, which has a time zone; those that expire within
    `expiry_days` of it are reported.
    """
    warnings: list[Violation] = []
    for key, value in secret.data.items():
        if isinstance(value, AbsentValue):
            continue
        content = value.reveal()
        if not content:
            warnings += empty_warnings(secret, key)
            continue
        warnings += value_warnings(key, content)
        if b"--BEGIN " in content:
            warnings += pem_warnings(secret, key, moment, expiry_days)
    if secret.annotations:
        warnings += annotation_warnings(secret)
    if secret.type != OPAQUE or ".dockerconfigjson" in secret.data or ".dockercfg" in secret.data:
        warnings += registry_warnings(secret)
        warnings += type_warnings(secret)
    return warnings
