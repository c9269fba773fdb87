"""Applying just what a plan says, under the lock of its set."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from reconciler import planfile
from reconciler.errors import PlanBlocked, StoreError, StoreLocked
from reconciler.execution.executor import Work, execute
from reconciler.execution.lock import LockPolicy, locked, user_and_host
from reconciler.execution.retries import RetryPolicy, retrying
from reconciler.execution.waits import WaitPolicy
from reconciler.model.events import ApplyEnded, Event
from reconciler.model.history import Origin, Run, command_of
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Plan, Reason
from reconciler.model.store import Restarting, Session, Snapshot, Store
from reconciler.planning import planner, restarts
from reconciler.planning.digests import plan_digest
from reconciler.workflow.defaults import DEFAULT_PARALLELISM, DEFAULT_WAIT, utc_now
from reconciler.workflow.histories import last_run
from reconciler.workflow.planned import Planned, plan, refuse_stale

_RETRIES = RetryPolicy()
_LOCKING = LockPolicy()


def _ignore(_: object) -> None:
    """Be told and do nothing."""


def apply(
    approved: Planned,
    store: Store,
    *,
    parallelism: int = DEFAULT_PARALLELISM,
    lock_timeout: float = 0.0,
    wait_timeout: float = DEFAULT_WAIT,
    stop: threading.Event | None = None,
    begun: threading.Event | None = None,
    emit: Callable[[Event], None] = _ignore,
    waiting: Callable[[str], None] = _ignore,
    clock: Callable[[], datetime] = utc_now,
    origin: Origin | None = None,
    retries: RetryPolicy = _RETRIES,
    locking: LockPolicy = _LOCKING,
) -> ApplyEnded:
    """Apply just what `approved` says, or nothing.

    Under the lock of the set, and of the one that objects are moved from, the store is read once
    more. Where it is as it was, so is the plan, which depends on nothing else; where anything
    moved, the plan is formed once more, and only where it is the same does anything happen.
    `lock_timeout` is in seconds, and so is `wait_timeout`: how long a step waits until its write
    has had its effect. `stop` ends the apply early, `begun` is set before the first step. `emit` is
    called with every event, and `waiting` with who holds the lock, where somebody does. A plan that
    expires while the lock is waited for is stale by `clock`. `retries` and `locking` say how
    patiently calls of the store are repeated, and how the lock is kept. `origin` goes into the
    history of the set; where it is not given, the user of this machine does.

    Raises:
        PlanBlocked: the plan has problems, or a guard refuses it.
        RightsMissing: the store does not let this user do what the plan says.
        StalePlan: the store is no longer what the plan saw.
        StoreLocked: another apply of the set is under way.
        LockLost: the lock was lost on the way; some steps may have been applied.
        StoreError: the store cannot be read or locked.
    """
    if approved.blocked:
        raise PlanBlocked("the plan has problems or is refused by a guard, so nothing was applied")
    stop = stop or threading.Event()
    options = approved.plan.options
    intents = [(step.action, step.key) for step in approved.plan.steps]
    given = _given(approved.plan)
    store.preflight(options.set_name, intents)
    for giver, leaving in given.items():
        store.preflight(giver, leaving)
    with ExitStack() as stack:
        sessions = {}
        # In one order, so that two sets that take from each other do not wait for ever.
        for name in sorted({options.set_name, *given}):
            with _telling_of_last_run(store, name, clock):
                lock = locked(store, name, lock_timeout, stop, waiting, policy=locking)
                sessions[name] = stack.enter_context(lock)
        session = sessions[options.set_name]
        planfile.refuse_expired(approved.expires, clock())
        scope = planner.scope(approved.desired, options)
        snapshot = session.read(replace(scope, seen=approved.snapshot.objects))
        planned = approved
        if not snapshot.same_as(approved.snapshot):
            planned = plan(
                approved.desired,
                snapshot,
                options,
                consumers=approved.consumers,
                inputs=approved.inputs,
                diagnostics=approved.diagnostics,
                salt=approved.salt,
            )
            refuse_stale(
                approved.plan,
                planned,
                same_key=approved.fingerprinter.key == planned.fingerprinter.key,
                derived_key=bool(approved.salt),
            )
        session.begin(intents)
        _note_debts(session, planned.plan, snapshot)
        run = _run(planned.plan, clock(), origin or Origin(user_and_host()))
        noting = _Noting(session, retries, stop)
        noting.note(run)
        work = Work(
            plan=planned.plan,
            values=planned.values,
            before=snapshot.objects,
            store=store,
            session=session,
            parallelism=parallelism,
            moment=clock(),
            retries=retries,
            waits=WaitPolicy(timeout=wait_timeout),
        )
        if begun is not None:
            begun.set()
        ended = execute(work, stop, emit)
        with suppress(StoreError):  # the history then says that the run did not end
            noting.note(run.ended(ended))
        return ended


@dataclass(frozen=True, slots=True)
class _Noting:
    """Writes to the history of a set, repeated as patiently as those to its objects."""

    session: Session
    retries: RetryPolicy
    stop: threading.Event

    def note(self, run: Run) -> None:
        """See `reconciler.model.store.Session.note`."""
        retrying(lambda: self.session.note(run), self.retries, self.stop, lambda *_: None)


def _note_debts(session: Session, plan: Plan, snapshot: Snapshot) -> None:
    """Note which workloads are to be restarted before anything changes, so that none is lost."""
    if plan.options.restart_workloads:
        owed = restarts.debts(plan.changes, snapshot)
        if owed or snapshot.owed:
            cast("Restarting", session).owe(owed)


def _run(plan: Plan, now: datetime, origin: Origin) -> Run:
    return Run(
        run=uuid.uuid4().hex[:8],
        time=now.isoformat(timespec="seconds"),
        command=command_of(plan.options),
        actor=origin.actor,
        commit=origin.commit,
        plan=plan_digest(plan),
    )


@contextmanager
def _telling_of_last_run(
    store: Store, set_name: str, clock: Callable[[], datetime]
) -> Iterator[None]:
    """Add to the error of a lock that is held what the set went through last."""
    try:
        yield
    except StoreLocked as held:
        last = last_run(store, set_name)
        if last is not None:
            held.details = (f"the set was {last.told(clock())}",)
        raise


def _given(plan: Plan) -> dict[str, list[tuple[Action, ObjectKey]]]:
    """What another set gives away, by its name: the plan needs the lock of that set as well."""
    transferred = [change.key for change in plan.changes if Reason.TRANSFER in change.reasons]
    giver = plan.options.adopt_from
    return {giver: [(Action.RELEASE, key) for key in transferred]} if transferred and giver else {}
