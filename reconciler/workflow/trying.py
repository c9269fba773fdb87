"""What the store itself says to the steps of a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from reconciler.errors import ConfigError, StoreError
from reconciler.execution.trial import Trial
from reconciler.model.objects import Diagnostic, Severity, Source
from reconciler.model.plans import Change, Note
from reconciler.model.store import Capability, Store, Trying
from reconciler.workflow.defaults import DEFAULT_PARALLELISM
from reconciler.workflow.planned import Planned


def tried(planned: Planned, store: Store, parallelism: int = DEFAULT_PARALLELISM) -> Planned:
    """The same plan, with what the store itself says to its steps.

    What it says against them are problems; what it warns of, and what it would make of an object by
    itself, are notes of the change.

    Raises:
        ConfigError: the store cannot try a write without making it.
    """
    untried = planned.plan
    if Capability.SERVER_DRY_RUN not in planned.snapshot.capabilities:
        raise ConfigError("--server-dry-run: this store cannot try a change without making it")
    if not planned.snapshot.exists:
        note = Note("dry-run-impossible", "the store does not exist yet, so nothing could be tried")
        return replace(planned, plan=replace(untried, notices=(*untried.notices, note)))
    sealed = {change.key for change in untried.changes if change.sealed}
    result = Trial(
        plan=replace(
            untried, steps=tuple(step for step in untried.steps if step.key not in sealed)
        ),
        values=planned.values,
        before=planned.snapshot.objects,
        store=cast("Trying", store),
        capabilities=store.capabilities,
        fingerprinter=planned.fingerprinter,
        parallelism=parallelism,
        moment=datetime.now(UTC),
    ).run()
    problems = [_refusal_by_store(change, error) for change, error in result.refused]
    notices = [
        Note("dry-run-untried", f"{key} could not be tried: it waits for another change")
        for key in result.untried
    ]
    notices += [
        Note("dry-run-untried", f"{key} could not be tried: its values are sealed")
        for key in sorted(sealed)
    ]
    annotated = replace(
        untried,
        changes=tuple(
            replace(change, notes=(*change.notes, *result.notes.get(change.key, ())))
            for change in untried.changes
        ),
        problems=(*untried.problems, *problems),
        notices=(*untried.notices, *notices),
    )
    return replace(planned, plan=annotated)


def _refusal_by_store(change: Change, error: StoreError) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="store-refuses",
        message=f"the store would refuse to {change.action} it: "
        + error.message.removeprefix(f"{change.key}: "),
        field="",
        source=change.source or Source("(store)", 0, 0),
        object=str(change.key),
        hint=error.hint,
    )
