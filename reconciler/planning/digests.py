"""What tells one plan from another in a word, and says nothing of any value."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from reconciler.model.plans import FieldAction, FieldPath, Plan

_DIGITS = 12


def plan_digest(plan: Plan) -> str:
    """A digest of what happens to which objects, and of the versions that the plan saw.

    Neither values nor their fingerprints go into it.
    """
    digest = hashlib.sha256(repr((plan.store.id, plan.options.set_name)).encode())
    for change in plan.pending:
        fields = ", ".join([_text(field.path, field.action) for field in change.fields])
        seen = change.precondition
        version = None if seen is None else (seen.uid, seen.resource_version)
        # As `repr` would write a tuple of all of it, of whose parts most are the same in many.
        text = f"({tuple(change.key)!r}, {change.action.value!r}, [{fields}], {version!r})"
        digest.update(text.encode())
    return digest.hexdigest()[:_DIGITS]


@lru_cache(maxsize=4096)
def _text(path: FieldPath, action: FieldAction) -> str:
    return repr((path, action.value))
