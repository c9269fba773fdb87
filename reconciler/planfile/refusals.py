"""Refusals of a plan file, whatever it contains."""

from __future__ import annotations

from datetime import datetime

from reconciler.errors import PlanAltered, PlanNotTrusted, StalePlan
from reconciler.planfile.seal import Standing


def refuse_altered(standing: Standing) -> None:
    """Make sure that nobody has changed the file.

    Raises:
        PlanAltered: somebody has.
    """
    if standing is Standing.ALTERED:
        raise PlanAltered(
            "plan-altered: the plan file was changed after it was made, so nothing was applied",
            hint="find out who changed it, and make a new one with `reconciler plan --out`",
        )


def refuse_unverified(standing: Standing) -> None:
    """Make sure that the seal was verified.

    Raises:
        PlanNotTrusted: it was not.
    """
    if standing is not Standing.VERIFIED:
        raise PlanNotTrusted(
            f"plan file {standing.value}; --require-sealed refuses that, so nothing was applied",
            hint="plan with the fingerprint key that apply has: RECONCILER_FINGERPRINT_KEY, or the "
            "store's own after the first apply",
        )


def refuse_expired(expires: str, now: datetime) -> None:
    """Make sure that the plan may still be applied; `expires` is as in `SavedPlan`.

    Raises:
        StalePlan: it has expired.
    """
    if expires and now >= datetime.fromisoformat(expires):
        raise StalePlan(
            f"the plan expired at {expires}, so nothing was applied",
            hint="plan again, and review what is different",
        )
