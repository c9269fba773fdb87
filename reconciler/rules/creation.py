"""All rules for an object that is to be created."""

from __future__ import annotations

from reconciler.model.objects import SECRET, Resource, Severity
from reconciler.rules.metadata import metadata_violations
from reconciler.rules.secret_types import secret_violations, secret_warnings
from reconciler.rules.violations import Violation


def validate(resource: Resource) -> tuple[Violation, ...]:
    """Every rule that `resource` breaks, errors and warnings alike; empty where it breaks none.

    Where ``ownerReferences`` are still to be given their uids, the missing ones are reported too
    (``owner-field-missing`` at a path that ends in ``uid``). A ServiceAccount's ``settings`` are
    free, as they are upstream (ValidateServiceAccount).
    """
    if resource.key.kind != SECRET:
        return tuple(metadata_violations(resource))
    return (
        *metadata_violations(resource),
        *secret_violations(resource),
        *secret_warnings(resource),
    )


def refusals(resource: Resource) -> tuple[Violation, ...]:
    """The errors of `validate` alone, without the work that finding warnings takes."""
    found = [*metadata_violations(resource)]
    if resource.kind == SECRET:
        found += secret_violations(resource)
    return tuple([violation for violation in found if violation.severity is Severity.ERROR])
