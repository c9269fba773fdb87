"""Which changes of a live object are possible, and which need a replace.

From Kubernetes v1.35: ValidateSecretUpdate (pkg/apis/core/validation/validation.go) and
ValidateObjectMetaUpdate (k8s.io/apimachinery/pkg/api/validation/objectmeta.go).
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.objects import Resource
from reconciler.model.plans import Reason
from reconciler.rules.creation import refusals
from reconciler.rules.violations import Violation


def validate_update(live: Resource, updated: Resource) -> tuple[Violation, ...]:
    """The errors of an update of `live` to `updated`, including those of `updated` itself."""
    return (
        *_changes(live, updated),
        *refusals(updated),
    )


def replace_reasons(
    live: Resource, wanted_type: str, *, immutable: bool, data_changes: bool
) -> tuple[Reason, ...]:
    """Why the change of `live` needs a delete and a create; empty if it does not.

    Of `Reason`, these are ``TYPE``, ``UNSEAL`` and ``IMMUTABLE``, in that order.
    """
    reasons = [Reason.TYPE] if live.type != wanted_type else []
    if live.immutable and not immutable:
        reasons.append(Reason.UNSEAL)
    if live.immutable and data_changes:
        reasons.append(Reason.IMMUTABLE)
    return tuple(reasons)


def _changes(live: Resource, updated: Resource) -> Iterator[Violation]:
    again = "delete the object and create it again"
    for field in ("kind", "namespace", "name"):
        if getattr(live, field) != getattr(updated, field):
            path = ("kind",) if field == "kind" else ("metadata", field)
            yield Violation(path, "identity-changed", f"the {field} cannot change", again)
    reasons = replace_reasons(
        live,
        updated.type,
        immutable=updated.immutable,
        data_changes=live.data != updated.data,
    )
    if Reason.TYPE in reasons:
        yield Violation(
            ("type",), "type-changed", f"the type is {live.type} and cannot change", again
        )
    if Reason.UNSEAL in reasons:
        yield Violation(
            ("immutable",), "immutable-unset", "an immutable Secret stays immutable", again
        )
    if Reason.IMMUTABLE in reasons:
        yield Violation(
            ("data",), "immutable-changed", "the data of an immutable Secret cannot change", again
        )
