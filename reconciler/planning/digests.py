"""What tells one plan from another in a word, and says nothing of any value."""

from __future__ import annotations

import hashlib

from reconciler.model.plans import Plan

_DIGITS = 12


def plan_digest(plan: Plan) -> str:
    """A digest of what happens to which objects, and of the versions that the plan saw.

    Neither values nor their fingerprints go into it.
    """
    digest = hashlib.sha256(repr((plan.store.id, plan.options.set_name)).encode())
    for change in plan.pending:
        fields = [(field.path, field.action.value) for field in change.fields]
        seen = change.precondition
        version = None if seen is None else (seen.uid, seen.resource_version)
        digest.update(repr((tuple(change.key), change.action.value, fields, version)).encode())
    return digest.hexdigest()[:_DIGITS]
