"""The imperative shell: read, plan, try, apply. The only place that sees all rooms.

This is the Python API too: `reconciler` exports it, and ``docs/python.md`` explains it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import cast

from reconciler import planfile
from reconciler.errors import ConfigError, PlanBlocked, StalePlan, StoreError
from reconciler.execution.executor import Work, execute
from reconciler.execution.lock import locked
from reconciler.execution.trial import Trial
from reconciler.execution.waits import WaitPolicy
from reconciler.model.consumers import Consumer
from reconciler.model.drift import DriftReport
from reconciler.model.events import ApplyEnded, Event
from reconciler.model.objects import Desired, Diagnostic, Severity, Source
from reconciler.model.plans import Change, Note, Plan, PlanOptions, PlanValues
from reconciler.model.store import Capability, Snapshot, Store, Trying
from reconciler.model.values import Fingerprinter, derive_fingerprint_key
from reconciler.planfile import PlanFile, SavedPlan, Standing
from reconciler.planning import planner
from reconciler.planning.drift import drift as find_drift
from reconciler.rules.strength import is_guessable
from reconciler.stores import store_annotations

DEFAULT_PARALLELISM = 10
DEFAULT_WAIT = 120.0
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, the values beside it, and what both were made from.

    ``salt``, in hexadecimal, is set where the store had no fingerprint key yet. ``expires``, in RFC
    3339, is when the plan may no longer be applied; empty where it always may.
    """

    plan: Plan
    values: PlanValues
    desired: tuple[Desired, ...]
    consumers: tuple[Consumer, ...]
    snapshot: Snapshot
    fingerprinter: Fingerprinter
    salt: str
    expires: str = ""

    @property
    def blocked(self) -> bool:
        """Whether the plan may not be applied."""
        return bool(self.plan.problems or self.plan.refusals)

    @property
    def guessable(self) -> bool:
        """Whether a file of the plan would give its values away to whoever tries guesses.

        So it is where its fingerprints have a key that comes from the values, and those are weak.
        """
        return bool(self.salt) and is_guessable(
            value for resource in self.desired for value in resource.data.values()
        )

    def saved(self, manifests: Sequence[str], *, store: str = "", created: str = "") -> SavedPlan:
        """What a plan file holds of it; `manifests` are the paths that it was made from.

        `store` is the store's URL, of which credentials are left out; `created` is in RFC 3339.
        """
        return planfile.saved_plan(
            self.plan,
            tuple(manifests),
            self.salt,
            self.fingerprinter,
            store=store,
            created=created,
            expires=self.expires,
        )


def read(
    desired: Sequence[Desired], store: Store, options: PlanOptions, *, unmanaged: bool = False
) -> Snapshot:
    """Read what a plan or a drift check of `desired` needs to see. Writes nothing.

    `unmanaged` is for a drift check that lists what no set owns.

    Raises:
        ConfigError: the options ask for consumers, of which the store knows nothing.
        StoreError: the store cannot be read.
    """
    if options.consumers and Capability.CONSUMERS not in store.capabilities:
        raise ConfigError(
            "--consumers: this store does not know what uses its Secrets",
            hint="leave it out; what the manifests hold counts all the same",
        )
    scope = planner.scope(desired, options)
    return store.read(replace(scope, surroundings=True) if unmanaged else scope)


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    *,
    consumers: Sequence[Consumer] = (),
    salt: str = "",
) -> Planned:
    """Compare `desired` with `snapshot`. Writes nothing.

    `consumers` are those that the manifests hold: ``Loaded.consumers``. `salt` is that of a plan
    that is to be formed again, where it has one.

    Raises:
        ConfigError: a target is neither in the manifests nor in the set.
    """
    return _planned(desired, snapshot, options, consumers, _fingerprinter(desired, snapshot, salt))


def plan_again(
    file: PlanFile, desired: Sequence[Desired], snapshot: Snapshot, *, consumers: Sequence[Consumer]
) -> tuple[Planned, Standing]:
    """Form the plan of `file` once more, and tell what its seal is worth.

    Raises:
        PlanAltered: the file is not what was sealed.
        StalePlan: manifests or store are no longer what the plan saw.
        ConfigError: a target is neither in the manifests nor in the set.
    """
    saved = file.saved
    keyed = _fingerprinter(desired, snapshot, saved.salt)
    standing = planfile.standing_of(file, keyed[0].key)
    planfile.refuse_altered(standing)
    planned = _planned(desired, snapshot, saved.plan.options, consumers, keyed)
    check_unmoved(saved, planned)
    return replace(planned, expires=saved.expires), standing


def _planned(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    consumers: Sequence[Consumer],
    keyed: tuple[Fingerprinter, str],
) -> Planned:
    fingerprinter, salt = keyed
    result, values = planner.plan(
        desired,
        snapshot,
        options,
        fingerprinter,
        consumers=consumers,
        store_annotations=store_annotations(),
    )
    return Planned(
        plan=result,
        values=values,
        desired=tuple(desired),
        consumers=tuple(consumers),
        snapshot=snapshot,
        fingerprinter=fingerprinter,
        salt=salt,
    )


def drift(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    *,
    unmanaged: bool = False,
) -> DriftReport:
    """Hold the live objects of the set against what was applied last. Writes nothing."""
    return find_drift(desired, snapshot, options.set_name, unmanaged=unmanaged)


def tried(planned: Planned, store: Store, parallelism: int = DEFAULT_PARALLELISM) -> Planned:
    """The same plan, with what the store itself says to its steps.

    What it says against them are problems; what it warns of, and what it would make of an object by
    itself, are notes of the change.

    Raises:
        ConfigError: the store cannot try a write without making it.
    """
    found = planned.plan
    if Capability.SERVER_DRY_RUN not in planned.snapshot.capabilities:
        raise ConfigError("--server-dry-run: this store cannot try a change without making it")
    if not planned.snapshot.born:
        note = Note("dry-run-impossible", "the store does not exist yet, so nothing could be tried")
        return replace(planned, plan=replace(found, notices=(*found.notices, note)))
    result = Trial(
        plan=found,
        values=planned.values,
        before=planned.snapshot.objects,
        store=cast("Trying", store),
        capabilities=store.capabilities,
        fingerprinter=planned.fingerprinter,
        parallelism=parallelism,
    ).run()
    problems = [_refusal_by_store(change, error) for change, error in result.refused]
    notices = [
        Note("dry-run-untried", f"{key} could not be tried: it waits for another change")
        for key in result.untried
    ]
    told = replace(
        found,
        changes=tuple(
            replace(change, notes=(*change.notes, *result.notes.get(change.key, ())))
            for change in found.changes
        ),
        problems=(*found.problems, *problems),
        notices=(*found.notices, *notices),
    )
    return replace(planned, plan=told)


def check_unmoved(approved: SavedPlan, planned: Planned) -> None:
    """Make sure that `planned`, which was formed just now, is what was approved.

    Raises:
        StalePlan: manifests or store are no longer what the approved plan saw.
    """
    lines = planfile.moved(approved, planned.plan, planned.fingerprinter)
    if lines:
        raise StalePlan(
            "the plan no longer matches the manifests and the store, so nothing was applied",
            details=lines,
            hint="plan again, and review what is different",
        )


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
    emit: Callable[[Event], None] = _ignore,
    waiting: Callable[[str], None] = _ignore,
    clock: Callable[[], datetime] = utc_now,
) -> ApplyEnded:
    """Apply just what `approved` says, or nothing.

    Under the set's lock, the store is read once more. Where it is as it was, so is the plan, which
    depends on nothing else; where anything moved, the plan is formed once more, and only where it
    is the same does anything happen. `lock_timeout` is in seconds, and so is `wait_timeout`:
    how long a step waits until its write has had its effect. `stop` ends the apply early, `emit` is
    told every event, and `waiting` who holds the lock, where somebody does. A plan that expires
    while the lock is waited for is stale by `clock`.

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
    store.preflight(options.set_name, intents)
    with locked(store, options.set_name, lock_timeout, stop, waiting) as session:
        planfile.refuse_expired(approved.expires, clock())
        snapshot = session.read(planner.scope(approved.desired, options))
        planned = approved
        if not snapshot.same_as(approved.snapshot):
            planned = plan(
                approved.desired,
                snapshot,
                options,
                consumers=approved.consumers,
                salt=approved.salt,
            )
            check_unmoved(approved.saved(()), planned)
        session.begin(intents)
        work = Work(
            plan=planned.plan,
            values=planned.values,
            before=snapshot.objects,
            store=store,
            session=session,
            parallelism=parallelism,
            waits=WaitPolicy(timeout=wait_timeout),
        )
        return execute(work, stop, emit)


def _fingerprinter(
    desired: Sequence[Desired], snapshot: Snapshot, salt: str
) -> tuple[Fingerprinter, str]:
    """What makes a plan's fingerprints, and its salt where their key is derived with one."""
    if not salt and snapshot.fingerprint_key is not None:
        return Fingerprinter(snapshot.fingerprint_key), ""
    salt = salt or secrets.token_hex(_SALT_BYTES)
    return Fingerprinter(_derived_key(desired, salt)), salt


def _derived_key(desired: Sequence[Desired], salt: str) -> bytes:
    """The key for a plan of a store that has none yet; the order of `desired` does not matter."""
    ordered = sorted(desired, key=attrgetter("key", "generate_name"))
    values = [resource.data[name] for resource in ordered for name in sorted(resource.data)]
    return derive_fingerprint_key(values, bytes.fromhex(salt))


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
