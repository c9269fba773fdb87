"""Carries out a plan's steps, wave by wave, and reports each of them as an event."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import cast

from reconciler.errors import (
    ObjectInvalid,
    ObjectNotFound,
    ReconcilerError,
    RightsMissing,
    StoreError,
    environment_text,
)
from reconciler.execution.drawing import with_drawn
from reconciler.execution.naming import named
from reconciler.execution.retries import Result, RetryPolicy, retrying
from reconciler.execution.substitution import operations_of, record_of, resource_of, target_of
from reconciler.execution.trial import try_in_place_of
from reconciler.execution.waits import WaitPolicy, waited
from reconciler.execution.writes import Writes
from reconciler.model.events import (
    ApplyEnded,
    Event,
    Outcome,
    StepEnded,
    StepRetried,
    StepStarted,
    StepWaiting,
)
from reconciler.model.fields import flatten
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, Live, ObjectKey, Resource
from reconciler.model.plans import Action, Change, Plan, PlanValues, Reason, Step
from reconciler.model.store import Capability, Restarting, Rotating, Session, Store, Trying
from reconciler.planning import promises

_REMOVALS = frozenset({Action.DELETE, Action.REPLACE})
_INTERRUPTED = "interrupted before it began"
_COPY_KEPT = "the store keeps a copy of it, and the next apply creates it again"
_FROM_THE_MANIFEST = "the next apply creates it as its manifest has it"
_STILL_THERE = (
    "the old object may still be there, so the new one was not created, and its deletion cannot be "
    "undone: {}"
)
_COPY_OF_OLD = "; the store keeps a copy of the old one"
_CHANGED = ("the change is made", "look into the store for what holds it up")
_RESTARTED = (
    "the restart has begun",
    "find out what keeps its new Pods from coming up; the next apply goes on with this workload",
)
_UNTOUCHED = "the object in the store is untouched"
_CREATED_LATER = "the next apply creates the new object once the old one is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan with everything that its execution needs.

    ``before`` holds the live objects that the plan saw, for putting one back. ``session`` is one of
    ``store``. ``moment``, which has a time zone, is when certificates begin.
    """

    plan: Plan
    values: PlanValues
    before: Mapping[ObjectKey, Live]
    store: Store
    session: Session
    parallelism: int
    moment: datetime
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    waits: WaitPolicy = field(default_factory=WaitPolicy)


def execute(work: Work, stop: threading.Event, emit: Callable[[Event], None]) -> ApplyEnded:
    """Carry out every step of the plan that its guards and the manifests allow.

    A failed step skips the steps that need it and no others. Once `stop` is set, no step begins
    any more. `emit` is called from one thread at a time.
    """
    execution = _Execution(work, stop, emit)
    for _, wave in groupby(work.plan.steps, key=lambda step: step.wave):
        execution.run(tuple(wave))
    results = execution.results
    ended = ApplyEnded(
        results=tuple(results[step.key] for step in work.plan.steps), interrupted=stop.is_set()
    )
    emit(ended)
    return ended


class _Execution:
    """One execution in progress."""

    def __init__(self, work: Work, stop: threading.Event, emit: Callable[[Event], None]) -> None:
        self._work = work
        self._stop = stop
        self._emit = emit
        self._emitting = threading.Lock()
        self._changes = {change.key: change for change in work.plan.changes}
        self._writes = Writes(work.session, work.store.capabilities)
        self._fingerprinter = Fingerprinter(work.session.fingerprint_key)
        self._uids = {key: live.uid for key, live in work.before.items()}
        self._gone = {
            change.precondition.uid
            for change in work.plan.changes
            if change.action in _REMOVALS and change.precondition is not None
        }
        self._warnings: dict[ObjectKey, list[str]] = {}
        self.results: dict[ObjectKey, StepEnded] = {}

    def run(self, wave: Sequence[Step]) -> None:
        """Run the steps of one wave, in parallel; returns when all have ended."""
        ready = deque(step for step in wave if not self._skipped(step))
        if not ready:
            return
        count = min(self._workers(), len(ready))
        with ThreadPoolExecutor(count) as workers:
            working = [workers.submit(self._work_off, ready) for _ in range(count)]
            try:
                wait(working, return_when=FIRST_EXCEPTION)
            finally:
                ready.clear()  # after a fault, no further step begins
        for worker in working:
            worker.result()

    def _workers(self) -> int:
        """The number of steps at a time; workers that wait for each other cost a third more."""
        one_writer = Capability.ONE_WRITER in self._work.store.capabilities
        return 1 if one_writer else self._work.parallelism

    def _work_off(self, ready: deque[Step]) -> None:
        """Work as one of those that share `ready`; a task for each step would cost more."""
        while ready:
            try:
                step = ready.popleft()
            except IndexError:  # another worker was quicker
                return
            self._attempt(step)

    def _skipped(self, step: Step) -> bool:
        blocking = [key for key in step.after if self._blocks(key)]
        if blocking:
            named = ", ".join(str(key) for key in blocking)
            message = f"because {named} was not applied"
            self._end(StepEnded(step, Outcome.SKIPPED, step.key, message))
        return bool(blocking)

    def _blocks(self, key: ObjectKey) -> bool:
        ended = self.results.get(key)
        return ended is not None and ended.outcome is not Outcome.APPLIED

    def _attempt(self, step: Step) -> None:
        if self._stop.is_set():
            self._end(StepEnded(step, Outcome.SKIPPED, step.key, _INTERRUPTED))
            return
        self._tell(StepStarted(step))
        key, outcome, message, hint = step.key, Outcome.FAILED, "", ""
        try:
            key = self._carry_out(step)
            self._rotate(step)
            outcome = Outcome.APPLIED
        except ReconcilerError as error:
            message, hint = error.message, error.hint
        except Exception as error:  # noqa: BLE001 - its text might hold a value, its type does not
            message = environment_text(error) or (
                f"unexpected {type(error).__name__}: please report this as a bug"
            )
        warnings = tuple(dict.fromkeys(self._warnings.pop(step.key, ())))
        self._end(StepEnded(step, outcome, key, message, hint, warnings))

    def _carry_out(self, step: Step) -> ObjectKey:
        change = self._changes[step.key]
        match change.action:
            case Action.CREATE:
                return self._create(step, change)
            case Action.UPDATE:
                return self._update(step, change)
            case Action.REPLACE:
                return self._replace(step, change)
            case Action.RELEASE:
                return self._release(step, change)
            case Action.RESTART:
                return self._restart(step, change)
            case _:
                return self._delete(step, change)

    def _create(self, step: Step, change: Change) -> ObjectKey:
        resource = self._resource(change, self._values(change))
        live = self._created(step, resource, self._record(change, flatten(resource)))
        return self._finish(step, live.key, live.unfinished)

    def _update(self, step: Step, change: Change) -> ObjectKey:
        values = self._values(change)
        operations = operations_of(change, values, self._uids)
        target = target_of(change, values, self._uids)
        record = self._record(change, target)
        before = self._work.before[change.key]
        write = self._writes.update(before, operations, record, target)
        live = _leaving(lambda: self._call(step, write))
        self._note_deviations(step, live, target)
        return self._finish(step, live.key, live.unfinished)

    def _delete(self, step: Step, change: Change) -> ObjectKey:
        key, precondition = change.key, change.precondition
        if precondition is not None:
            # What is gone already went along with its owner, say: nobody is to miss it.
            with suppress(ObjectNotFound):
                write = self._writes.delete(self._work.before[key], self._gone)
                unfinished = _leaving(lambda: self._call(step, write))
                return self._finish(step, key, unfinished, precondition.uid)
        self._call(step, lambda: self._work.session.delete(key, None))
        return key

    def _release(self, step: Step, change: Change) -> ObjectKey:
        key, precondition = change.key, change.precondition
        if precondition is None:
            self._call(step, lambda: self._work.session.delete(key, None))
        else:
            self._call(step, self._writes.release(key, precondition))
        return key

    def _replace(self, step: Step, change: Change) -> ObjectKey:
        """Try the new object, delete the old one keeping a copy, create; else put it back."""
        assert change.precondition is not None
        precondition = change.precondition
        store = self._work.store
        resource = self._resource(change, self._values(change))
        record = self._record(change, flatten(resource))
        if Capability.SERVER_DRY_RUN in store.capabilities:
            trying = cast("Trying", store)
            _leaving(lambda: self._call(step, lambda: try_in_place_of(trying, resource, record)))
        session = self._work.session
        unfinished = _leaving(
            lambda: self._call(
                step, lambda: session.delete(change.key, precondition, keep_copy=True)
            )
        )
        try:
            lacking = self._waited(
                step, change.key, unfinished, precondition.uid, threading.Event()
            )
        except StoreError as error:
            lacking = error.message
        if lacking:
            kept = _COPY_OF_OLD if Capability.READ_VALUES in store.capabilities else ""
            raise StoreError(f"{_STILL_THERE.format(lacking)}{kept}", hint=_CREATED_LATER)
        try:
            live = self._created(step, resource, record)
        except StoreError as error:
            raise StoreError(self._put_back(step, error), hint=error.hint) from None
        return self._finish(step, live.key, live.unfinished)

    def _restart(self, step: Step, change: Change) -> ObjectKey:
        """Restart a workload, and wait until all its Pods are new; else it stays noted as owed."""
        assert change.precondition is not None
        key, uid = change.key, change.precondition.uid
        session, moment = cast("Restarting", self._work.session), self._work.moment
        unfinished = self._call(step, lambda: session.restart(key, uid, moment))
        lacking = self._awaited(step, unfinished, lambda: session.rollout(key), self._stop)
        self._settle(step, lacking)
        self._call(step, lambda: session.restarted(key))
        return key

    def _rotate(self, step: Step) -> None:
        """Move what uses an old version, where the plan says so and there may be one."""
        wanted = self._work.plan.options.rotate_services and step.action is not Action.DELETE
        is_new = self._changes[step.key].reasons == (Reason.MISSING,)
        if wanted and not is_new and Capability.ROTATION in self._work.store.capabilities:
            session = cast("Rotating", self._work.session)
            self._call(step, lambda: session.rotate(step.key))

    def _put_back(self, step: Step, error: StoreError) -> str:
        old = self._work.before[step.key]
        try:
            self._created(step, old, old.applied)
        except StoreError as second:
            kept = Capability.READ_VALUES in self._work.store.capabilities
            return (
                f"{error.message}; the old object could not be put back either: "
                f"{second.message.removeprefix(f'{step.key}: ')}; "
                + (_COPY_KEPT if kept else _FROM_THE_MANIFEST)
            )
        return f"{error.message}; the old object was put back"

    def _created(self, step: Step, resource: Resource, record: Applied | None) -> Live:
        # Between the delete and the create of a replace, an interrupt gives nothing up.
        stop = threading.Event() if step.action is Action.REPLACE else self._stop
        live = named(
            resource, lambda named: self._call(step, self._writes.create(named, record), stop)
        )
        self._uids[live.key] = live.uid
        if not promises.is_to_the_letter(resource, live):
            self._note_deviations(step, live, flatten(resource))
        return live

    def _note_deviations(self, step: Step, live: Live, promise: promises.Promise) -> None:
        """Note the warnings of the store, and what differs from the promise."""
        warnings = [*promises.shown_warnings(live.warnings, promise)]
        warnings += map(str, promises.deviations(promise, live, self._work.store.capabilities))
        if warnings:
            self._warnings.setdefault(step.key, []).extend(warnings)

    def _finish(
        self, step: Step, key: ObjectKey, unfinished: str, deleted_uid: str = ""
    ) -> ObjectKey:
        """Wait until the write to `key` has had its effect; without a timeout, tell what it lacks.

        Raises:
            StoreError: it did not happen in time.
        """
        if unfinished:
            self._settle(step, self._waited(step, key, unfinished, deleted_uid, self._stop))
        return key

    def _settle(self, step: Step, lacking: str) -> None:
        """Go on where nothing is lacking; without a timeout, tell what is.

        Raises:
            StoreError: it did not happen in time.
        """
        timeout = self._work.waits.timeout
        if lacking and not timeout:
            self._warnings.setdefault(step.key, []).append(f"not waited for: {lacking}")
        if not (lacking and timeout):
            return
        made, hint = _RESTARTED if step.action is Action.RESTART else _CHANGED
        if self._stop.is_set():
            raise StoreError(f"{made}; interrupted before it had its effect: {lacking}")
        raise StoreError(
            f"{made}, and has not had its effect after {timeout:g} s: {lacking}",
            hint=f"{hint}, or allow more with --wait-timeout",
        )

    def _waited(
        self, step: Step, key: ObjectKey, unfinished: str, deleted_uid: str, stop: threading.Event
    ) -> str:
        def look() -> str:
            return self._work.session.unfinished(key, deleted_uid)

        return self._awaited(step, unfinished, look, stop)

    def _awaited(
        self, step: Step, unfinished: str, look: Callable[[], str], stop: threading.Event
    ) -> str:
        def report(unfinished: str, seconds: float) -> None:
            self._tell(StepWaiting(step, unfinished, seconds))

        def look_again() -> str:
            return self._call(step, look, stop)

        return waited(unfinished, look_again, self._work.waits, stop, report)

    def _values(self, change: Change) -> PlanValues:
        return with_drawn(change, self._work.values, self._work.moment)

    def _resource(self, change: Change, values: PlanValues) -> Resource:
        return resource_of(change, values, self._uids)

    def _record(self, change: Change, target: promises.Promise) -> Applied:
        set_name = self._work.plan.options.set_name
        digests = self._work.values.ciphertexts.get(change.key, {})
        return record_of(
            change, target, set_name, self._fingerprinter, uids=self._uids, digests=digests
        )

    def _call(
        self, step: Step, call: Callable[[], Result], stop: threading.Event | None = None
    ) -> Result:
        def report(attempt: int, delay: float, message: str) -> None:
            self._tell(StepRetried(step, attempt, delay, message))

        return retrying(call, self._work.retries, stop or self._stop, report)

    def _end(self, ended: StepEnded) -> None:
        self.results[ended.step.key] = ended
        self._tell(ended)

    def _tell(self, event: Event) -> None:
        with self._emitting:
            self._emit(event)


def _leaving(write: Callable[[], Result]) -> Result:
    """The result of `write`; where the store refuses it, the error says what that leaves."""
    try:
        return write()
    except (ObjectInvalid, RightsMissing) as error:
        raise StoreError(f"{error.message}; {_UNTOUCHED}", hint=error.hint) from None
