"""Drift that somebody has accepted: the report of an earlier check, as a baseline of later ones.

Nothing new is ever accepted. A field counts again as soon as it is another value; and everything
but an added key counts again after the next apply, which has put back what its manifests say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.model.drift import DriftReport, FieldDrift, FieldState, ObjectDrift, ObjectState
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import FieldPath


@dataclass(frozen=True, slots=True)
class Accepted:
    """The drift of an object in a baseline: its state, and its fields' states and fingerprints."""

    state: ObjectState
    fields: Mapping[FieldPath, tuple[FieldState, str]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a check of a set in a store saw.

    ``run`` is the last run that the set had then; empty where none was known.
    """

    store_id: str
    set_name: str
    run: str
    objects: Mapping[ObjectKey, Accepted]


def with_baselines(report: DriftReport, baselines: Iterable[Baseline]) -> DriftReport:
    """`report` with what the `baselines`, which are of the same set, have accepted."""
    run = report.last.run if report.last else ""
    objects = {item.key: item for item in report.objects}
    for baseline in baselines:
        for key, accepted in baseline.objects.items():
            if key in objects:
                objects[key] = _accepted(objects[key], accepted, same_run=baseline.run == run)
    return replace(report, objects=tuple(objects.values()))


def _accepted(item: ObjectDrift, accepted: Accepted, *, same_run: bool) -> ObjectDrift:
    if item.state is ObjectState.IN_SYNC:
        return item
    fields = tuple(
        replace(field, accepted=field.accepted or _has(accepted, field, same_run=same_run))
        if field.state is not FieldState.IN_SYNC
        else field
        for field in item.fields
    )
    differing = [field for field in fields if field.state is not FieldState.IN_SYNC]
    if differing:
        whole = all(field.accepted for field in differing)
    else:
        lasting = same_run or item.state is ObjectState.UNMANAGED
        whole = item.state is accepted.state and lasting
    return replace(item, fields=fields, accepted=item.accepted or whole)


def _has(accepted: Accepted, field: FieldDrift, *, same_run: bool) -> bool:
    """Whether the baseline has the field as it is now."""
    if not (same_run or field.state is FieldState.ADDED):
        return False
    is_same = accepted.fields.get(field.path) == (field.state, field.fingerprint)
    return is_same and bool(field.fingerprint or field.state is FieldState.REMOVED)
