"""Applying just what a plan says, under the lock of its set."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from reconciler import planfile
from reconciler.errors import PlanBlocked
from reconciler.execution.executor import Work, execute
from reconciler.execution.lock import LockPolicy, locked
from reconciler.execution.retries import RetryPolicy
from reconciler.execution.waits import WaitPolicy
from reconciler.model.events import ApplyEnded, Event
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Plan, Reason
from reconciler.model.store import Store
from reconciler.planning import planner
from reconciler.workflow.planned import Planned, plan, refuse_stale
from reconciler.workflow.trying import DEFAULT_PARALLELISM

DEFAULT_WAIT = 120.0
_RETRIES = RetryPolicy()
_LOCKING = LockPolicy()


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


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
    patiently calls of the store are repeated, and how the lock is kept.

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
        sessions = {
            name: stack.enter_context(
                locked(store, name, lock_timeout, stop, waiting, policy=locking)
            )
            # In one order, so that two sets that take from each other do not wait for ever.
            for name in sorted({options.set_name, *given})
        }
        session = sessions[options.set_name]
        planfile.refuse_expired(approved.expires, clock())
        snapshot = session.read(planner.scope(approved.desired, options))
        planned = approved
        if not snapshot.same_as(approved.snapshot):
            planned = plan(
                approved.desired,
                snapshot,
                options,
                consumers=approved.consumers,
                inputs=approved.inputs,
                salt=approved.salt,
            )
            refuse_stale(
                approved.plan,
                planned,
                same_key=approved.fingerprinter.key == planned.fingerprinter.key,
                derived_key=bool(approved.salt),
            )
        session.begin(intents)
        work = Work(
            plan=planned.plan,
            values=planned.values,
            before=snapshot.objects,
            store=store,
            session=session,
            parallelism=parallelism,
            retries=retries,
            waits=WaitPolicy(timeout=wait_timeout),
        )
        if begun is not None:
            begun.set()
        return execute(work, stop, emit)


def _given(plan: Plan) -> dict[str, list[tuple[Action, ObjectKey]]]:
    """What another set gives away, by its name: the plan needs the lock of that set as well."""
    moved = [change.key for change in plan.changes if Reason.TRANSFER in change.reasons]
    giver = plan.options.adopt_from
    return {giver: [(Action.RELEASE, key) for key in moved]} if moved and giver else {}
