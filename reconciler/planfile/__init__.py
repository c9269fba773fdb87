"""Plans as files: saved for a review, and loaded again.

A plan file holds fingerprints in place of values, and everything that it takes to form the plan
again.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from reconciler.files import start_of
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.inputs import Exclusion, SourceMark
from reconciler.model.plans import Note, Plan
from reconciler.model.seals import key_check
from reconciler.planfile.address import without_credentials
from reconciler.planfile.envelope import FORMAT, MARK, PlanFile, SavedPlan, load, save
from reconciler.planfile.index import (
    INDEX,
    Index,
    Indexed,
    begin_directory,
    is_plan_directory,
    load_index,
    plan_file_of,
    save_index,
)
from reconciler.planfile.refusals import refuse_altered, refuse_expired, refuse_unverified
from reconciler.planfile.seal import Standing, standing

__all__ = [
    "FORMAT",
    "INDEX",
    "ORIGIN_CODES",
    "Index",
    "Indexed",
    "PlanFile",
    "SavedPlan",
    "Standing",
    "begin_directory",
    "is_plan_directory",
    "is_plan_file",
    "key_check",
    "load",
    "load_index",
    "origin_notes",
    "plan_file_of",
    "refuse_altered",
    "refuse_expired",
    "refuse_unverified",
    "save",
    "save_index",
    "saved_plan",
    "standing_of",
    "without_credentials",
]

ORIGIN_CODES = frozenset(
    [*(standing.code for standing in Standing), "plan-expires", "plan-expired"]
)
"""The codes of the notes that `origin_notes` makes; no other note has one of them."""


def saved_plan(
    plan: Plan,
    manifests: tuple[str, ...],
    salt: str,
    fingerprinter: Fingerprinter,
    *,
    store: str = "",
    created: str = "",
    expires: str = "",
    sources: tuple[SourceMark, ...] = (),
    exclude: tuple[Exclusion, ...] = (),
) -> SavedPlan:
    """Put together what a plan file holds, as `SavedPlan` has it, without credentials."""
    return SavedPlan(
        plan=plan,
        manifests=manifests,
        sources=sources,
        exclude=exclude,
        salt=salt,
        key_check=key_check(fingerprinter.key),
        store=without_credentials(store),
        created=created,
        expires=expires,
    )


def standing_of(file: PlanFile, key: bytes) -> Standing:
    """What the seal of `file` is worth to whoever has the fingerprint key `key`."""
    saved = file.saved
    return standing(file.sealed, file.seal, saved.key_check, key, derived=bool(saved.salt))


def origin_notes(standing: Standing | None, expires: str, now: datetime) -> tuple[Note, ...]:
    """What a reviewer should know of the file of a plan: its seal, and until when it counts.

    `standing` is ``None`` for a plan that has just been made; `expires` as in `SavedPlan`.
    """
    notes = []
    if standing is not None:
        notes.append(Note(standing.code, f"plan file {standing.value}"))
    if expires:
        verb = "expires" if now < datetime.fromisoformat(expires) else "expired"
        notes.append(Note(f"plan-{verb}", f"{verb} at {expires}"))
    return tuple(notes)


def is_plan_file(path: Path) -> bool:
    """Whether `path` is a file that says of itself that it is a plan, of whatever version."""
    try:
        return MARK in start_of(path)
    except (OSError, ValueError):
        return False
