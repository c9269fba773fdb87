"""Asks a store what it would say of a plan's steps, without taking any."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from reconciler.errors import StoreError, StoreUnavailable
from reconciler.execution.substitution import operations_of, record_of, resource_of
from reconciler.model.objects import Applied, ObjectKey, Resource
from reconciler.model.plans import Action, Change, Plan, PlanValues, Step
from reconciler.model.store import Store
from reconciler.model.values import Fingerprinter


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What the store refuses, and which steps could not be tried.

    A step that waits for another cannot be: what it waits for is not there yet.
    """

    refused: tuple[tuple[Change, StoreError], ...]
    untried: tuple[ObjectKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A plan, and what trying it out takes; ``uids`` are those of the live objects."""

    plan: Plan
    values: PlanValues
    uids: Mapping[ObjectKey, str]
    store: Store
    fingerprinter: Fingerprinter
    parallelism: int

    def run(self) -> TrialResult:
        """Try every step that waits for no write, several at a time.

        Raises:
            StoreUnavailable: the store could not say.
        """
        changes = {change.key: change for change in self.plan.changes}
        waiting = [step.key for step in self.plan.steps if self._waits(step)]
        ready = [changes[step.key] for step in self.plan.steps if not self._waits(step)]
        with ThreadPoolExecutor(self.parallelism) as workers:
            refused = [found for found in workers.map(self._attempt, ready) if found]
        return TrialResult(tuple(refused), tuple(waiting))

    def _waits(self, step: Step) -> bool:
        return step.action is not Action.DELETE and bool(step.after)

    def _attempt(self, change: Change) -> tuple[Change, StoreError] | None:
        try:
            self._try(change)
        except StoreUnavailable:
            raise
        except StoreError as error:
            return change, error
        return None

    def _try(self, change: Change) -> None:
        if change.action is Action.DELETE:
            if change.precondition is not None:
                self.store.delete(change.key, change.precondition, dry_run=True)
            return
        record = record_of(change, self.values, self.plan.options.set_name, self.fingerprinter)
        if change.action is Action.UPDATE:
            assert change.precondition is not None
            operations = operations_of(change, self.values, self.uids)
            self.store.update(change.key, operations, record, change.precondition, dry_run=True)
            return
        resource = resource_of(change, self.values, self.uids)
        if change.action is Action.REPLACE:
            assert change.precondition is not None
            self.store.delete(change.key, change.precondition, dry_run=True)
            try_in_place_of(self.store, resource, record)
        else:
            self.store.create(resource, record, dry_run=True)


def try_in_place_of(store: Store, resource: Resource, record: Applied) -> None:
    """Try to create `resource` under another name: its own is taken by what it replaces.

    Raises:
        StoreError: the store would refuse it.
    """
    nameless = replace(
        resource,
        key=resource.key._replace(name=""),
        generate_name=f"{resource.key.name}-",
    )
    store.create(nameless, record, dry_run=True)
