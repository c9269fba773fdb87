"""Types that are all but one of Kubernetes' own."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.objects import OPAQUE, Resource, Severity
from reconciler.rules import Violation
from reconciler.rules.secret_types import TYPE_RULES, TYPE_WARNINGS

_BUILT_IN = {name.casefold(): name for name in (OPAQUE, *TYPE_RULES, *TYPE_WARNINGS)}


def type_warnings(secret: Resource) -> Iterator[Violation]:
    """A warning if the type differs from a built-in one in case alone: nothing would know it."""
    meant = _BUILT_IN.get(secret.type.casefold(), secret.type)
    if meant != secret.type:
        yield Violation(
            ("type",),
            "type-misspelt",
            "this type differs from a built-in one in upper and lower case alone: a server takes "
            "it for a type of your own",
            f"write {meant}",
            Severity.WARNING,
        )
