"""All rules for the creation of an object."""

from __future__ import annotations

from reconciler.model.objects import Resource, Severity
from reconciler.rules.generation import generation_violations
from reconciler.rules.metadata import metadata_violations
from reconciler.rules.secret_types import secret_violations, secret_warnings
from reconciler.rules.violations import Check, Violation

_OF_SERVERS: tuple[Check, ...] = (metadata_violations, secret_violations, secret_warnings)

CHECKS: tuple[Check, ...] = (*_OF_SERVERS, generation_violations)
"""All rules for what a manifest declares."""


def validate(resource: Resource) -> tuple[Violation, ...]:
    """The violations by `resource` of all rules of a server, errors and warnings.

    Owner references whose uid has not been filled in yet are reported too (``owner-field-missing``
    at a path that ends in ``uid``). A ServiceAccount's ``settings`` are not checked, as upstream
    (ValidateServiceAccount).
    """
    return tuple([violation for check in _OF_SERVERS for violation in check(resource)])


def refusals(resource: Resource) -> tuple[Violation, ...]:
    """The errors of `validate`, without the cost of looking for warnings."""
    violations = (*metadata_violations(resource), *secret_violations(resource))
    return tuple([violation for violation in violations if violation.severity is Severity.ERROR])
