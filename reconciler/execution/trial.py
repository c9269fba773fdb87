"""Tries the steps of a plan in the store without making any change."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.errors import StoreError, StoreUnavailable
from reconciler.execution.drawing import with_drawn
from reconciler.execution.naming import named
from reconciler.execution.substitution import operations_of, record_of, resource_of, target_of
from reconciler.model.fields import flatten
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.plans import Action, Change, Note, Plan, PlanValues, Step
from reconciler.model.store import Capability, Trying
from reconciler.planning import promises

_WARNS = "store-warns"
_ALTERS = "store-alters"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What the store refuses, which steps could not be tried, and notes on the others.

    A step that waits for another step cannot be tried, since its precondition does not exist yet.
    """

    refused: tuple[tuple[Change, StoreError], ...]
    untried: tuple[ObjectKey, ...]
    notes: Mapping[ObjectKey, tuple[Note, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A plan, and what a trial of it needs; ``before`` has the live objects.

    Where a value is yet to be generated, one is drawn for the trial alone.
    """

    plan: Plan
    values: PlanValues
    before: Mapping[ObjectKey, Live]
    store: Trying
    capabilities: frozenset[Capability]
    fingerprinter: Fingerprinter
    parallelism: int
    moment: datetime

    def run(self) -> TrialResult:
        """Try every step that waits for no write, several at a time.

        Raises:
            StoreUnavailable: the store could not say.
        """
        changes = {change.key: change for change in self.plan.changes}
        steps = [step for step in self.plan.steps if step.action is not Action.RESTART]
        waiting = [step.key for step in steps if self._waits(step)]
        ready = [changes[step.key] for step in steps if not self._waits(step)]
        uids = {key: live.uid for key, live in self.before.items()}
        with ThreadPoolExecutor(self.parallelism) as workers:
            tried = workers.map(lambda change: self._attempt(change, uids), ready)
            answers = list(zip(ready, tried, strict=True))
        return TrialResult(
            tuple((change, answer) for change, answer in answers if isinstance(answer, StoreError)),
            tuple(waiting),
            {change.key: notes for change, notes in answers if isinstance(notes, tuple) and notes},
        )

    def _waits(self, step: Step) -> bool:
        return step.action is not Action.DELETE and bool(step.after)

    def _attempt(
        self, change: Change, uids: Mapping[ObjectKey, str]
    ) -> tuple[Note, ...] | StoreError:
        try:
            return self._try(change, uids)
        except StoreUnavailable:
            raise
        except StoreError as error:
            return error

    def _try(self, change: Change, uids: Mapping[ObjectKey, str]) -> tuple[Note, ...]:
        if change.action is Action.DELETE:
            if change.precondition is not None:
                self.store.try_delete(self.before[change.key])
            return ()
        values = with_drawn(change, self.values, self.moment)
        if change.action is Action.UPDATE:
            target = target_of(change, values, uids)
            operations = operations_of(change, values, uids)
            record = self._record(change, target, uids)
            answer = self.store.try_update(self.before[change.key], operations, record)
            return self._notes(target, answer)
        resource = resource_of(change, values, uids)
        promise = flatten(resource)
        record = self._record(change, promise, uids)
        if change.action is Action.REPLACE:
            self.store.try_delete(self.before[change.key])
            return self._notes(promise, try_in_place_of(self.store, resource, record))
        answer = named(resource, lambda named: self.store.try_create(named, record))
        return self._notes(promise, answer)

    def _record(
        self, change: Change, target: promises.Promise, uids: Mapping[ObjectKey, str]
    ) -> Applied:
        set_name = self.plan.options.set_name
        digests = self.values.ciphertexts.get(change.key, {})
        return record_of(change, target, set_name, self.fingerprinter, uids=uids, digests=digests)

    def _notes(self, promise: promises.Promise, answer: Live) -> tuple[Note, ...]:
        """The warnings of the store, and what it would change by itself."""
        warned = dict.fromkeys(promises.shown_warnings(answer.warnings, promise))
        altered = promises.deviations(promise, answer, self.capabilities)
        return (
            *(Note(_WARNS, f"the store warns: {warning}") for warning in warned),
            *(Note(_ALTERS, deviation.forecast) for deviation in altered),
        )


def try_in_place_of(store: Trying, resource: Resource, record: Applied) -> Live:
    """Try to create `resource` under another name: its own is taken by what it replaces.

    Raises:
        StoreError: the store would refuse it.
    """
    nameless = replace(
        resource,
        key=resource.key._replace(name=""),
        generate_name=f"{resource.key.name}-",
    )
    return named(nameless, lambda named: store.try_create(named, record))
