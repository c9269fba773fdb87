"""Warnings about Secrets that an API server accepts, though their author hardly meant them.

Lints run on every value of every manifest, so each starts with a cheap test of the first bytes or
of the key's name. No message reveals a value or its length.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from reconciler.manifests.lints.annotations import annotation_warnings
from reconciler.manifests.lints.ignoring import ignoring_warnings
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
from reconciler.manifests.lints.values import value_warnings
from reconciler.rules import Check

__all__ = ["EXPIRY_DAYS", "LINTS", "OFF", "Level", "LintSettings", "lint_checks"]


def lint_checks(moment: datetime, expiry_days: int) -> tuple[Check, ...]:
    """Everything that looks like a mistake in an object, as warnings.

    Certificates are checked as of `moment`, which has a time zone; those that expire within
    `expiry_days` of it are reported.
    """
    return (
        value_warnings,
        partial(pem_warnings, moment=moment, expiry_days=expiry_days),
        annotation_warnings,
        registry_warnings,
        type_warnings,
        ignoring_warnings,
    )
