"""The words of the tests of planning and execution: objects, snapshots, and real small stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from reconciler import planfile
from reconciler.execution.executor import Work, execute
from reconciler.execution.retries import RetryPolicy
from reconciler.execution.waits import WaitPolicy
from reconciler.model.documents import to_document
from reconciler.model.events import ApplyEnded, Event
from reconciler.model.fields import flatten, leaf_text
from reconciler.model.objects import (
    NAMESPACE,
    OPAQUE,
    SECRET,
    SERVICE_ACCOUNT,
    Applied,
    Bystander,
    Desired,
    Live,
    ObjectKey,
    OwnerReference,
    Resource,
    Source,
)
from reconciler.model.patches import Operation
from reconciler.model.plans import (
    Change,
    DeleteLimit,
    Plan,
    PlanOptions,
    PlanValues,
    Precondition,
    StoreIdentity,
)
from reconciler.model.store import Capability, Scope, Snapshot, Store
from reconciler.model.values import Fingerprinter, SecretValue, UnreadValue
from reconciler.planfile import SavedPlan
from reconciler.planning import planner
from reconciler.planning.staleness import stale_reasons
from reconciler.stores import open_store

FINGERPRINTS = Fingerprinter(b"k" * 32)
SOURCE = Source("manifests/all.yaml", 1, 1)
SET = "default"
HOME = "default"
IN_HAND = PlanOptions(
    prune=True,
    adopt=True,
    allow_replace=True,
    allow_empty=True,
    force_consumers=True,
    max_deletes=DeleteLimit(100, percent=True),
)
"""Everything allowed that an option can allow."""

Values = Mapping[str, bytes | str]


def wrapped(values: Values) -> dict[str, SecretValue]:
    return {
        key: SecretValue(value.encode() if isinstance(value, str) else value)
        for key, value in values.items()
    }


def secret(name: str, values: Values | None = None, *, home: str = HOME, **content: Any) -> Desired:
    content = {"type": OPAQUE, "data": wrapped(values or {}), "source": SOURCE, **content}
    return Desired(key=ObjectKey(SECRET, home, name), **content)


def namespace(name: str, **content: Any) -> Desired:
    return Desired(key=ObjectKey(NAMESPACE, "", name), source=SOURCE, **content)


def account(name: str, *, home: str = HOME, **content: Any) -> Desired:
    return Desired(key=ObjectKey(SERVICE_ACCOUNT, home, name), source=SOURCE, **content)


def owner(of: Resource, uid: str = "", **flags: bool) -> OwnerReference:
    return OwnerReference("v1", of.kind, of.name, uid, **flags)


def depends_on(*needed: Resource) -> dict[str, str]:
    paths = (
        f"/namespaces/{one.namespace}/{one.kind}/{one.name}"
        if one.namespace
        else f"/{one.kind}/{one.name}"
        for one in needed
    )
    return {"config.kubernetes.io/depends-on": ", ".join(paths)}


def uid_of(key: ObjectKey) -> str:
    return f"uid of {key}"


def record(resource: Resource, set_name: str = SET) -> Applied:
    """The record of an apply of `resource`."""
    return Applied(
        set_name=set_name,
        fields={
            path: FINGERPRINTS.of(resource.namespace, path, leaf_text(leaf))
            for path, leaf in flatten(resource).items()
        },
    )


def live(resource: Resource, applied: Resource | Applied | None, **content: Any) -> Live:
    """`resource` as a store holds it, after an apply of `applied`."""
    inherited = {field.name: getattr(resource, field.name) for field in fields(Resource)}
    return Live(
        **{
            **inherited,
            "uid": uid_of(resource.key),
            "resource_version": "7",
            "applied": record(applied) if isinstance(applied, Resource) else applied,
            **content,
        }
    )


def in_sync(*resources: Resource) -> tuple[Live, ...]:
    return tuple(live(resource, resource) for resource in resources)


_BORN = live(Resource(key=ObjectKey(NAMESPACE, "", HOME)), None)


def snapshot(
    *lives: Live, copies: Sequence[Live] = (), bystanders: Sequence[Bystander] = (), **more: Any
) -> Snapshot:
    """A store with `lives` in it, and the namespace that is always there."""
    others = (Bystander(_BORN.key, _BORN.uid), *bystanders)
    return Snapshot(
        **{
            "identity": StoreIdentity("test", "one"),
            "capabilities": frozenset(Capability),
            "objects": {one.key: one for one in lives},
            "bystanders": {one.key: one for one in others if one.key not in map(_key, lives)},
            "copies": {one.key: one for one in copies},
            "fingerprint_key": FINGERPRINTS.key,
            **more,
        }
    )


def _key(resource: Resource) -> ObjectKey:
    return resource.key


def planned(
    desired: Sequence[Desired], found: Snapshot | None = None, **options: Any
) -> tuple[Plan, PlanValues]:
    """A plan, which may empty the set unless `options` say otherwise."""
    asked = PlanOptions(**{"allow_empty": True, **options})
    return planner.plan(desired, snapshot() if found is None else found, asked, FINGERPRINTS)


def stale_lines(saved: SavedPlan, fresh: Plan, fingerprinter: Fingerprinter) -> tuple[str, ...]:
    """Why a saved plan is stale, where `fresh` is the same plan made now."""
    return stale_reasons(
        saved.plan,
        fresh,
        same_key=saved.key_check == planfile.key_check(fingerprinter.key),
        derived_key=bool(saved.salt),
    )


def change_of(resource: Desired, *lives: Live, **options: Any) -> Change:
    """What is to happen to `resource`, before a store of `lives`."""
    plan, _ = planned([resource], snapshot(*lives), **options)
    (change,) = (change for change in plan.changes if change.key == resource.key)
    return change


class Killed(BaseException):
    """The process died, as far as a store can tell."""


class Faulty:
    """A real store, of which calls can be made to fail before they happen, or after.

    `strike` is called with the number of the call, counted from 0, the name of the method, and
    whether it has happened already.
    """

    def __init__(self, store: Store, strike: Callable[..., None]) -> None:
        self.store = store
        self.capabilities = store.capabilities
        self.calls: list[str] = []
        self._strike = strike
        self._turn = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        return self._struck(name, found) if callable(found) else found

    def _struck(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with self._turn:
                number = len(self.calls)
                self.calls.append(name)
            self._strike(number, name, happened=False)
            result = method(*arguments, **options)
            self._strike(number, name, happened=True)
            return result

        return call


class Slow(Faulty):
    """A real store, whose answers say more than those of the store itself.

    A write answers the first of `waits`, and each look at it the next one; with `altered`, what a
    create or an update answers is made another object, as an admission webhook would.
    """

    def __init__(
        self,
        store: Store,
        *waits: str,
        altered: Callable[[Live], Live] = lambda live: live,
        strike: Callable[..., None] = lambda *_, **__: None,
    ) -> None:
        super().__init__(store, strike)
        self._waits = list(waits)
        self._altered = altered

    def create(self, *arguments: Any, **options: Any) -> Live:
        live: Live = self._struck("create", self.store.create)(*arguments, **options)
        return self._answer(live, **options)

    def update(self, *arguments: Any, **options: Any) -> Live:
        live: Live = self._struck("update", self.store.update)(*arguments, **options)
        return self._answer(live, **options)

    def delete(self, *arguments: Any, **options: Any) -> str:
        self._struck("delete", self.store.delete)(*arguments, **options)
        return "" if options.get("dry_run") else self._next()

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        self._struck("unfinished", self.store.unfinished)(key, deleted_uid)
        return self._next()

    def _answer(self, live: Live, *, dry_run: bool = False) -> Live:
        return replace(self._altered(live), unfinished="" if dry_run else self._next())

    def _next(self) -> str:
        return self._waits.pop(0) if self._waits else ""


class Reticent:
    """A real store that takes values and gives none back, nor changes any in place.

    A value has a fingerprint where the record does, unless somebody has changed it since.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.capabilities = store.capabilities - {
            Capability.READ_VALUES,
            Capability.UPDATE_VALUES,
            Capability.SERVER_DRY_RUN,
        }

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def read(self, scope: Scope) -> Snapshot:
        found = self.store.read(scope)
        return replace(
            found,
            capabilities=self.capabilities,
            objects={key: self._veiled(live) for key, live in found.objects.items()},
            copies={key: self._veiled(live) for key, live in found.copies.items()},
        )

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        copies = self.store.read(Scope("", frozenset([resource.key]))).copies
        data = {
            name: copies[resource.key].data[name] if isinstance(value, UnreadValue) else value
            for name, value in resource.data.items()
        }
        return self._veiled(self.store.create(replace(resource, data=data), applied))

    def update(self, key: ObjectKey, patch: tuple[Operation, ...], *more: Any) -> Live:
        assert not [one for one in patch if one.path.startswith("/data")]
        return self._veiled(self.store.update(key, patch, *more))

    def _veiled(self, live: Live) -> Live:
        prints = Fingerprinter(self.store.fingerprint_key(SET))
        record = {} if live.applied is None else live.applied.fields

        def veiled(name: str, value: SecretValue) -> UnreadValue:
            path = ("data", name)
            intact = record.get(path) == prints.of(live.namespace, path, value)
            return UnreadValue(record[path] if intact else None)

        return replace(live, data={name: veiled(name, live.data[name]) for name in live.data})


class World:
    """A real embedded store in a directory, and applies of it.

    In a `reticent` one, plans and applies see no values; tests do.
    """

    def __init__(self, directory: Path, *, reticent: bool = False) -> None:
        self.url = f"sqlite:{directory / 'store.db'}"
        self.truth: Store = open_store(self.url, {})
        self.truth.lock("nobody's", "a test", 1)
        self.store: Any = Reticent(self.truth) if reticent else self.truth

    def close(self) -> None:
        self.truth.close()

    def read(self, desired: Sequence[Desired] = (), options: PlanOptions = IN_HAND) -> Snapshot:
        snapshot: Snapshot = self.store.read(planner.scope(desired, options))
        return snapshot

    def look(self, *keys: ObjectKey) -> Snapshot:
        return self.truth.read(Scope(SET, frozenset(keys)))

    def get(self, resource: Resource) -> Live | None:
        return self.look(resource.key).objects.get(resource.key)

    def plan(
        self, desired: Sequence[Desired], options: PlanOptions = IN_HAND
    ) -> tuple[Plan, PlanValues, Snapshot]:
        found = self.read(desired, options)
        fingerprinter = Fingerprinter(self.store.fingerprint_key("default"))
        return *planner.plan(desired, found, options, fingerprinter), found

    def work(
        self,
        desired: Sequence[Desired],
        options: PlanOptions = IN_HAND,
        *,
        store: Any = None,
        retries: RetryPolicy | None = None,
        waits: WaitPolicy | None = None,
        parallelism: int = 1,
    ) -> Work:
        plan, values, found = self.plan(desired, options)
        return Work(
            plan=plan,
            values=values,
            before=found.objects,
            store=store or self.store,
            parallelism=parallelism,
            retries=retries or RetryPolicy(attempts=1),
            waits=waits or WaitPolicy(),
        )

    def apply(
        self, desired: Sequence[Desired], options: PlanOptions = IN_HAND, **how: Any
    ) -> ApplyEnded:
        return run(self.work(desired, options, **how))

    def put(self, resource: Resource, applied: Applied | None = None) -> Live:
        return self.truth.create(resource, applied)

    def meddle(self, resource: Resource, **content: Any) -> Live:
        """Change what is live as somebody else would, whose tools know of no record."""
        before = self.get(resource)
        assert before is not None
        after = replace(before, **content)
        return self.truth.update(
            before.key,
            (Operation("add", "", to_document(after)),),
            before.applied,  # type: ignore[arg-type]
            Precondition(before.uid, before.resource_version),
        )

    def remove(self, resource: Resource) -> None:
        before = self.get(resource)
        assert before is not None
        self.truth.delete(before.key, Precondition(before.uid, before.resource_version))


def run(
    work: Work, stop: threading.Event | None = None, emit: Callable[[Event], None] | None = None
) -> ApplyEnded:
    return execute(work, stop or threading.Event(), emit or _ignore)


def _ignore(_event: Event) -> None:
    pass
