"""The words of the tests of planning and execution: objects, snapshots, and real small stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler import planfile
from reconciler.execution.executor import Work, execute
from reconciler.execution.retries import RetryPolicy
from reconciler.execution.waits import WaitPolicy
from reconciler.model.documents import to_document
from reconciler.model.events import ApplyEnded, Event
from reconciler.model.fields import flatten, leaf_text
from reconciler.model.fingerprints import Fingerprinter
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
from reconciler.model.plan_options import DeleteLimit, PlanOptions
from reconciler.model.plans import Change, Plan, PlanValues, Precondition, StoreIdentity
from reconciler.model.store import Capability, Scope, Session, Snapshot, Store
from reconciler.model.values import SecretValue, UnreadValue
from reconciler.planfile import SavedPlan
from reconciler.planning import planner
from reconciler.planning.staleness import stale_reasons
from reconciler.stores import open_store

FINGERPRINTS = Fingerprinter(b"k" * 32)
SOURCE = Source("manifests/all.yaml", 1, 1)
MOMENT = datetime(2026, 11, 28, 12, tzinfo=UTC)
SET = "default"
HOME = "default"
IN_HAND = PlanOptions(
    prune=True,
    adopt=True,
    allow_replace=True,
    allow_empty=True,
    force_consumers=True,
    force_foreign=True,
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


def secret_manifest(name: str, /, *, immutable: bool = False, **values: str) -> dict[str, Any]:
    """A Secret as a manifest has it; its name is generated where `name` ends with a hyphen."""
    manifest: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": SECRET,
        "metadata": {"generateName" if name.endswith("-") else "name": name},
        "stringData": values,
    }
    return {**manifest, "immutable": True} if immutable else manifest


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
    held = Live.of(
        resource,
        uid=uid_of(resource.key),
        resource_version="7",
        applied=record(applied) if isinstance(applied, Resource) else applied,
    )
    return replace(held, **content)


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
            "objects": {live.key: live for live in lives},
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
    whether it has happened already. The calls of its sessions count along; ``end`` is that of one.
    """

    def __init__(
        self, real: Any, strike: Callable[..., None], calls: list[str] | None = None
    ) -> None:
        self.real = real
        self.capabilities = real.capabilities if hasattr(real, "capabilities") else frozenset()
        self.calls: list[str] = [] if calls is None else calls
        self._strike = strike
        self._turn = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.real, name)
        return self._struck(name, value) if callable(value) else value

    @contextmanager
    def session(self, *arguments: Any) -> Iterator[Any]:
        with ExitStack() as stack:
            enter = self._struck("session", stack.enter_context)
            session = enter(self.real.session(*arguments))
            yield self.over(session)
            self._struck("end", stack.close)()

    def over(self, session: Session) -> Any:
        """The session, with the same strikes."""
        return Faulty(session, self._strike, self.calls)

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


def raising(error: Exception) -> Callable[..., None]:
    """For `Faulty`: every read raises `error`."""

    def strike(_number: int, name: str, *, happened: bool) -> None:
        del happened
        if name == "read":
            raise error

    return strike


class Slow(Faulty):
    """A real store, whose answers say more than those of the store itself.

    A write answers the first of `waits`, and each look at it the next one; with `altered`, what a
    create or an update answers is made another object, as an admission webhook would.
    """

    def __init__(
        self,
        real: Any,
        *waits: str,
        altered: Callable[[Live], Live] = lambda live: live,
        strike: Callable[..., None] = lambda *_, **__: None,
        calls: list[str] | None = None,
    ) -> None:
        super().__init__(real, strike, calls)
        self._waits = list(waits)
        self._altered = altered

    def over(self, session: Session) -> Any:
        """The session, with the same answers."""
        beside = Slow(session, altered=self._altered, strike=self._strike, calls=self.calls)
        beside._waits = self._waits
        return beside

    def create(self, *arguments: Any) -> Live:
        return self._answer(self._struck("create", self.real.create)(*arguments))

    def update(self, *arguments: Any) -> Live:
        return self._answer(self._struck("update", self.real.update)(*arguments))

    def try_create(self, *arguments: Any) -> Live:
        return self._altered(self._struck("try_create", self.real.try_create)(*arguments))

    def try_update(self, *arguments: Any) -> Live:
        return self._altered(self._struck("try_update", self.real.try_update)(*arguments))

    def delete(self, *arguments: Any, **options: Any) -> str:
        self._struck("delete", self.real.delete)(*arguments, **options)
        return self._next()

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        self._struck("unfinished", self.real.unfinished)(key, deleted_uid)
        return self._next()

    def _answer(self, live: Live) -> Live:
        return replace(self._altered(live), unfinished=self._next())

    def _next(self) -> str:
        return self._waits.pop(0) if self._waits else ""


_WITHHELD = {
    Capability.READ_VALUES,
    Capability.UPDATE_VALUES,
    Capability.SERVER_DRY_RUN,
}


class Reticent:
    """A real store that takes values and gives none back, nor changes any in place.

    A value has a fingerprint where the record does, unless somebody has changed it since.
    """

    def __init__(self, real: Store) -> None:
        self.real = real
        self.capabilities = real.capabilities - _WITHHELD

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def read(self, scope: Scope) -> Snapshot:
        return _veiled_snapshot(self.real.read(scope))

    @contextmanager
    def session(self, *arguments: Any) -> Iterator[Any]:
        with self.real.session(*arguments) as session:
            yield ReticentSession(session)


class ReticentSession:
    """A session of such a store."""

    def __init__(self, real: Session) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def read(self, scope: Scope) -> Snapshot:
        return _veiled_snapshot(self.real.read(scope))

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        copies = self.real.read(Scope("", frozenset([resource.key]))).copies
        data = {
            name: copies[resource.key].data[name] if isinstance(value, UnreadValue) else value
            for name, value in resource.data.items()
        }
        return self._veiled(self.real.create(replace(resource, data=data), applied))

    def update(self, key: ObjectKey, patch: tuple[Operation, ...], *more: Any) -> Live:
        assert not [one for one in patch if one.path.startswith("/data")]
        return self._veiled(self.real.update(key, patch, *more))

    def look(self, key: ObjectKey) -> Live | None:
        live = self.real.look(key)
        return None if live is None else self._veiled(live)

    def _veiled(self, live: Live) -> Live:
        return _veiled(live, self.real.fingerprint_key)


def _veiled_snapshot(snapshot: Snapshot) -> Snapshot:
    key = snapshot.fingerprint_key or b""
    return replace(
        snapshot,
        capabilities=snapshot.capabilities - _WITHHELD,
        objects={name: _veiled(live, key) for name, live in snapshot.objects.items()},
        copies={name: _veiled(live, key) for name, live in snapshot.copies.items()},
    )


def _veiled(live: Live, fingerprint_key: bytes) -> Live:
    prints = Fingerprinter(fingerprint_key)
    record = {} if live.applied is None else live.applied.fields

    def veiled(name: str, value: SecretValue) -> UnreadValue:
        path = ("data", name)
        intact = record.get(path) == prints.of(live.namespace, path, value)
        return UnreadValue(record[path] if intact else None)

    return replace(live, data={name: veiled(name, live.data[name]) for name in live.data})


_HELD: list[object] = []
"""Sessions that tests never end: one that is collected as garbage would give its lock back."""


def held(store: Any, set_name: str = SET, holder: str = "a test", *, seconds: float = 600) -> Any:
    """A session of the store, which nobody ends."""
    manager = store.session(set_name, holder, seconds)
    _HELD.append(manager)
    return manager.__enter__()


class World:
    """A real embedded store in a directory, and applies of it.

    ``hand`` writes as somebody else would, who heeds no lock. In a `reticent` one, plans and
    applies see no values; tests do.
    """

    def __init__(self, directory: Path, *, reticent: bool = False) -> None:
        self.url = f"sqlite:{directory / 'store.db'}"
        self.truth: Store = open_store(self.url, {})
        self.hand: Session = held(self.truth, "nobody's", seconds=0)
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
        return *planner.plan(desired, found, options, self.fingerprinter), found

    @property
    def fingerprinter(self) -> Fingerprinter:
        return Fingerprinter(self.hand.fingerprint_key)

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
            session=held(store or self.store, SET, seconds=0),
            parallelism=parallelism,
            moment=MOMENT,
            retries=retries or RetryPolicy(attempts=1),
            waits=waits or WaitPolicy(),
        )

    def apply(
        self, desired: Sequence[Desired], options: PlanOptions = IN_HAND, **how: Any
    ) -> ApplyEnded:
        return run(self.work(desired, options, **how))

    def put(self, resource: Resource, applied: Applied | None = None) -> Live:
        return self.hand.create(resource, applied)

    def meddle(self, resource: Resource, **content: Any) -> Live:
        """Change what is live as somebody else would, whose tools know of no record."""
        before = self.get(resource)
        assert before is not None
        after = replace(before, **content)
        return self.hand.update(
            before.key,
            (Operation("add", "", to_document(after)),),
            before.applied,
            Precondition(before.uid, before.resource_version),
        )

    def remove(self, resource: Resource) -> None:
        before = self.get(resource)
        assert before is not None
        self.hand.delete(before.key, Precondition(before.uid, before.resource_version))


def run(
    work: Work, stop: threading.Event | None = None, emit: Callable[[Event], None] | None = None
) -> ApplyEnded:
    return execute(work, stop or threading.Event(), emit or _ignore)


def _ignore(_event: Event) -> None:
    pass
