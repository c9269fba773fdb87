"""The imperative shell: load, read, plan, approve, apply. The only place that sees all rooms."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from reconciler import planfile
from reconciler.errors import ConfigError, ReconcilerError, StalePlan, StoreError
from reconciler.execution.executor import Work, execute
from reconciler.execution.lock import locked
from reconciler.execution.trial import Trial
from reconciler.manifests import Loaded, load
from reconciler.model.events import ApplyEnded, Event
from reconciler.model.objects import Desired, Diagnostic, Severity, Source
from reconciler.model.plans import Change, Note, Plan, PlanOptions, PlanValues
from reconciler.model.store import Capability, Snapshot, Store
from reconciler.model.values import Fingerprinter, derive_fingerprint_key
from reconciler.planning import planner
from reconciler.stores import open_store

_SALT_BYTES = 16


class InvalidManifests(ReconcilerError):
    """The manifests have errors; ``loaded`` holds every diagnostic."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__("the manifests have errors, so nothing was planned")
        self.loaded = loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to plan or apply: manifest paths, the store's URL, and the plan's options."""

    manifests: tuple[str, ...]
    store: str
    options: PlanOptions
    server_dry_run: bool = False
    parallelism: int = 10
    lock_timeout: float = 0.0
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, the values beside it, and what both were made from."""

    plan: Plan
    values: PlanValues
    snapshot: Snapshot
    loaded: Loaded
    fingerprinter: Fingerprinter
    saved: planfile.SavedPlan

    @property
    def blocked(self) -> bool:
        """Whether the plan may not be applied."""
        return bool(self.plan.problems or self.plan.refusals)


def loaded_manifests(paths: Sequence[str], namespace: str) -> Loaded:
    """Load manifests that are good enough to plan with.

    Raises:
        InvalidManifests: at least one diagnostic is an error.
    """
    loaded = load(paths, namespace=namespace)
    if any(item.severity is Severity.ERROR for item in loaded.diagnostics):
        raise InvalidManifests(loaded)
    return loaded


def plan(request: Request) -> Planned:
    """Load, read, and plan. Writes nothing anywhere.

    Raises:
        InvalidManifests: the manifests have errors.
        StoreError: the store cannot be read.
        ConfigError: an option does not fit the manifests or the store.
    """
    loaded = loaded_manifests(request.manifests, request.options.namespace)
    with closing(open_store(request.store, request.environ)) as store:
        planned = _planned(loaded, store, request, salt="")
        if not request.server_dry_run:
            return planned
        return replace(planned, plan=_tried(planned, store, request))


def again(request: Request, approved: planfile.SavedPlan) -> Planned:
    """Form a saved plan once more, and make sure that it is the same. Writes nothing anywhere.

    Raises:
        StalePlan: manifests or store are no longer what the plan saw.
        InvalidManifests: the manifests have errors.
        StoreError: the store cannot be read.
    """
    loaded = loaded_manifests(request.manifests, request.options.namespace)
    with closing(open_store(request.store, request.environ)) as store:
        planned = _planned(loaded, store, request, approved.salt)
    _check_unmoved(approved, planned)
    return planned


def apply(
    request: Request,
    approved: Planned,
    *,
    stop: threading.Event,
    emit: Callable[[Event], None],
    waiting: Callable[[str], None],
) -> ApplyEnded:
    """Apply just what `approved` says, or nothing.

    Under the set's lock, the store is read and the plan formed once more; only where it is the
    same does anything happen. `stop` ends the apply early, `emit` is told every event, and
    `waiting` who holds the lock, where somebody does.

    Raises:
        StalePlan: the store is no longer what the plan saw.
        StoreLocked: another apply of the set is under way.
        LockLost: the lock was lost on the way; some steps may have been applied.
        StoreError: the store cannot be read or locked.
    """
    set_name = request.options.set_name
    with (
        closing(open_store(request.store, request.environ)) as store,
        locked(store, set_name, request.lock_timeout, stop, waiting),
    ):
        planned = _planned(approved.loaded, store, request, approved.saved.salt)
        _check_unmoved(approved.saved, planned)
        work = Work(
            plan=planned.plan,
            values=planned.values,
            before=planned.snapshot.objects,
            store=store,
            parallelism=request.parallelism,
        )
        return execute(work, stop, emit)


def _planned(loaded: Loaded, store: Store, request: Request, salt: str) -> Planned:
    """Read and plan; `salt`, in hexadecimal, is that of the plan to be formed again, if any."""
    desired = loaded.objects
    snapshot = store.read(planner.scope(desired, request.options))
    if snapshot.fingerprint_key is None and not salt:
        salt = secrets.token_hex(_SALT_BYTES)
    key = _derived_key(desired, salt) if salt else snapshot.fingerprint_key
    assert key is not None
    fingerprinter = Fingerprinter(key)
    found, values = planner.plan(desired, snapshot, request.options, fingerprinter)
    return Planned(
        plan=found,
        values=values,
        snapshot=snapshot,
        loaded=loaded,
        fingerprinter=fingerprinter,
        saved=planfile.saved_plan(found, request.manifests, salt, fingerprinter),
    )


def _derived_key(desired: Sequence[Desired], salt: str) -> bytes:
    """The key for a plan of a store that has none yet; the order of `desired` does not matter."""
    ordered = sorted(desired, key=lambda resource: (resource.key, resource.generate_name))
    values = [resource.data[name] for resource in ordered for name in sorted(resource.data)]
    return derive_fingerprint_key(values, bytes.fromhex(salt))


def _check_unmoved(approved: planfile.SavedPlan, planned: Planned) -> None:
    lines = planfile.moved(approved, planned.plan, planned.fingerprinter)
    if lines:
        raise StalePlan(
            "the plan no longer matches the manifests and the store, so nothing was applied",
            moved=lines,
            hint="plan again, and review what is different",
        )


def _tried(planned: Planned, store: Store, request: Request) -> Plan:
    """The plan, with what the store itself says against it as problems."""
    if Capability.SERVER_DRY_RUN not in planned.snapshot.capabilities:
        raise ConfigError("--server-dry-run: this store cannot try a change without making it")
    found = planned.plan
    if not found.store.id:
        note = Note("dry-run-impossible", "the store does not exist yet: nothing could be tried")
        return replace(found, notices=(*found.notices, note))
    result = Trial(
        plan=found,
        values=planned.values,
        uids={key: live.uid for key, live in planned.snapshot.objects.items()},
        store=store,
        fingerprinter=planned.fingerprinter,
        parallelism=request.parallelism,
    ).run()
    problems = [_refusal_by_store(change, error) for change, error in result.refused]
    notices = [
        Note("dry-run-untried", f"{key} could not be tried: it waits for another change")
        for key in result.untried
    ]
    return replace(found, problems=(*found.problems, *problems), notices=(*found.notices, *notices))


def _refusal_by_store(change: Change, error: StoreError) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="store-refuses",
        message=f"the store would refuse to {change.action} it: {error.message}",
        field="",
        source=change.source or Source("(store)", 0, 0),
        object=str(change.key),
        hint=error.hint,
    )
