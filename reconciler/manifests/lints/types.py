"""Types that are all but one of Kubernetes' own, or that a program makes for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.objects import OPAQUE, Resource, Severity
from reconciler.rules import Violation
from reconciler.rules.makers import MADE_TYPES
from reconciler.rules.secret_types import TYPE_RULES, TYPE_WARNINGS

_BUILT_IN = {name.casefold(): name for name in (OPAQUE, *TYPE_RULES, *TYPE_WARNINGS)}
_HELM_RELEASE = "helm.sh/release.v1"
_ISSUED = "kubernetes.io/service-account-token"
_USUAL = {"", *_BUILT_IN.values()} - {_ISSUED}


def type_warnings(secret: Resource) -> Iterable[Violation]:
    """A warning if nothing would know the type, or if a program makes such Secrets for itself.

    A type that differs from a built-in one in case alone is a type of one's own.
    """
    return () if secret.type in _USUAL else _warnings(secret)


def _warnings(secret: Resource) -> Iterator[Violation]:
    # People declare tokens of accounts without the token; that is what the cluster puts in.
    issued = secret.type == _ISSUED and "token" in secret.data
    if issued or secret.type == _HELM_RELEASE:
        what, _, advice = MADE_TYPES[secret.type].partition(": ")
        yield Violation(
            ("type",), "type-of-program", f"the Secret {what}", advice, Severity.WARNING
        )
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
