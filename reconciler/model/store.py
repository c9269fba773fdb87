"""What a store is to the rest of the program."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from reconciler.model.announcements import Announcement
from reconciler.model.consumers import Consumer
from reconciler.model.history import Run
from reconciler.model.locks import Lock
from reconciler.model.objects import Applied, Bystander, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Action, Note, Precondition, StoreIdentity


class Capability(StrEnum):
    """Something that not every store can do."""

    NAMESPACES = "namespaces"
    """Namespaces and ServiceAccounts are objects of the store."""
    SERVER_DRY_RUN = "server-dry-run"
    """A write can be tried without being done; see `Trying`."""
    ONE_WRITER = "one-writer"
    """Writes are made one at a time, however many ask for them."""
    CONSUMERS = "consumers"
    """The store knows what uses a Secret."""
    READ_VALUES = "read-values"
    """Values can be read back; else they come as `UnreadValue`s."""
    UPDATE_VALUES = "update-values"
    """The data of a Secret that is not immutable can be changed by an update."""
    METADATA = "metadata"
    """Labels, annotations, finalizers and owners are kept with an object."""
    ROTATION = "rotation"
    """What uses a Secret can be moved to the object that takes its place; see `Rotating`."""
    RESTARTS = "restarts"
    """What uses a Secret runs in the store, and can be restarted; see `Restarting`."""
    PRECONDITIONS = "preconditions"
    """A write happens only where the object still is what the plan saw."""
    CIPHERTEXTS = "ciphertexts"
    """The record of an object keeps the digests of ciphertexts with the fingerprints."""
    WRITES = "writes"
    """Objects can be made and changed. Else plans are for review, and no apply is begun."""
    MEMORY = "memory"
    """The store remembers the objects that a set had applied and that are gone."""
    EVENTS = "events"
    """What a check came to can be said beside the objects; see `Announcing`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a store a plan needs: the objects named by manifests, and the set's members.

    ``references`` are objects of which only the existence, uid and owners matter. With
    ``surroundings``, the other objects of the store are wanted too, as bystanders; without, a store
    may leave them out where they cost another request. With ``consumers``, what uses Secrets is
    wanted. ``desired`` are the manifests' objects themselves, for stores where a name depends on
    more than the key. What is in ``seen`` is known already: a store need not read the values of an
    object whose uid and resource version are those that were seen.
    """

    set_name: str
    keys: frozenset[ObjectKey]
    references: frozenset[ObjectKey] = frozenset()
    surroundings: bool = False
    consumers: bool = False
    desired: tuple[Resource, ...] = ()
    seen: Mapping[ObjectKey, Live] = field(default_factory=dict)

    def wants(self, key: ObjectKey, owner_set: str | None) -> bool:
        """Whether the values of a live object of that key and ownership mark are needed."""
        return key in self.keys or owner_set == self.set_name


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that runs Pods and can be restarted.

    ``hindrance`` says, in words, why a restart would not make its Pods anew; empty where it would.
    """

    uid: str
    hindrance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A store as one read saw it.

    ``copies`` holds the objects that an interrupted replace deleted; they exist nowhere else.
    ``vanished`` are objects that the set applied and that are gone, ``None`` where the store keeps
    no memory of them. ``consumers`` is ``None`` where they were not asked for; in the namespaces
    ``unseen``, not all of them could be seen. ``fingerprint_key`` is ``None`` where the store has
    none yet; where the reader is ``unkeyed``, fingerprints in the store have another key, so that
    they can be compared with each other, and with nothing else. A change of one of
    ``fixed_annotations`` needs a replace. ``outdated`` has the objects
    of which old versions are left, with the users of those versions. ``workloads`` are those that
    can be restarted, where consumers were asked for; ``owed`` has the workloads that an earlier
    apply was to restart and did not, with the Secrets that it changed. ``exists`` tells whether
    there is a store yet.
    """

    identity: StoreIdentity
    capabilities: frozenset[Capability]
    objects: Mapping[ObjectKey, Live] = field(default_factory=dict)
    bystanders: Mapping[ObjectKey, Bystander] = field(default_factory=dict)
    copies: Mapping[ObjectKey, Live] = field(default_factory=dict)
    vanished: frozenset[ObjectKey] | None = None
    consumers: tuple[Consumer, ...] | None = None
    unseen: frozenset[str] = frozenset()
    fingerprint_key: bytes | None = field(default=None, repr=False)
    unkeyed: bool = False
    fixed_annotations: frozenset[str] = frozenset()
    outdated: Mapping[ObjectKey, tuple[Consumer, ...]] = field(default_factory=dict)
    workloads: Mapping[ObjectKey, Workload] = field(default_factory=dict)
    owed: Mapping[ObjectKey, tuple[ObjectKey, ...]] = field(default_factory=dict)
    notices: tuple[Note, ...] = ()
    exists: bool = True

    def same_as(self, earlier: Snapshot) -> bool:
        """Whether a plan for this snapshot is that for `earlier`, which was of the same store.

        An object whose uid and resource version are the same is the same. A store that did not
        exist when `earlier` was taken has been given an id and a key since; it held nothing whose
        record could depend on them.
        """
        unborn = not earlier.identity.id
        return (
            (unborn or self.fingerprint_key == earlier.fingerprint_key)
            and (unborn or self.identity == earlier.identity)
            and _versions(self.objects) == _versions(earlier.objects)
            and _versions(self.copies) == _versions(earlier.copies)
            and self.bystanders == earlier.bystanders
            and self.vanished == earlier.vanished
            and self.consumers == earlier.consumers
            and self.unseen == earlier.unseen
            and self.outdated == earlier.outdated
            and self.workloads == earlier.workloads
            and self.owed == earlier.owed
        )


def _versions(lives: Mapping[ObjectKey, Live]) -> dict[ObjectKey, tuple[str, str]]:
    return {key: (live.uid, live.resource_version) for key, live in lives.items()}


class Store(Protocol):
    """A place that holds Secrets. Every method may be called from several threads at once.

    Stores derive from it, so that ``with`` closes them, and `read_ahead` does nothing unless they
    override it.

    A store remembers nothing about a set between two calls; what an apply learns stays in its
    `Session`. All methods, and those of a session, raise `StoreUnavailable` for faults that may
    pass, `StoreDamaged` where what is stored cannot be read, and other `StoreError`s for refusals.
    No message holds a value.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do."""
        ...

    def read_ahead(self, set_name: str) -> None:
        """Begin to read what the next `read` of the set needs, whatever its scope is.

        Returns at once and raises nothing: what cannot be read is told by that `read`. Here,
        nothing is done: that fits where a read does not take long, or is all of one piece.
        """
        del set_name

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants, as of one moment. Must not write, nor need the right to."""
        ...

    def preflight(self, set_name: str, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Make sure that the rights to do `work` are there. Needs no lock, and writes nothing.

        Raises:
            RightsMissing: some are not; its details name every one of them.
        """
        ...

    def history(self, set_name: str) -> tuple[Run, ...]:
        """The last runs of the set, `MOST_RUNS` at the most, oldest first. Must not write.

        Raises nothing for what stands there, whatever it is.
        """
        ...

    def session(
        self, set_name: str, holder: str, seconds: float
    ) -> AbstractContextManager[Session]:
        """Hold the set's lock for `seconds`, and give it back at the end.

        The lock is taken on entering, or extended where `holder` has it already. The store is
        created where it does not exist yet, and given a fingerprint key. A lock that cannot be
        given back is left to expire: that is no error. Nor is it one that somebody else has it by
        then; it stays theirs.

        Raises:
            StoreLocked: somebody else has it, or what is there cannot be understood; ``holder``
                names them.
        """
        ...

    def read_lock(self, set_name: str) -> Lock | None:
        """The set's lock, expired or not; ``None`` where there is none.

        Raises nothing for what stands in the lock, whatever it is. Must not write.
        """
        ...

    def break_lock(self, lock: Lock) -> None:
        """Remove `lock`, whoever holds it; nothing happens where the set has none any more.

        Raises:
            ObjectMoved: the set's lock is another one by now.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


class Session(Protocol):
    """Writes to one set, under its lock. Every method may be called from several threads at once.

    Sessions derive from it. `begin` and `unfinished` suit stores in which every write is whole,
    says whose the object is, and is done when it is answered; others override them.

    A write is made once for each call. Whether a write whose answer was lost has happened is for
    the caller to find out: it repeats the write, and looks at the object where that is refused.
    """

    @property
    def fingerprint_key(self) -> bytes:
        """The key of the set's fingerprints."""
        ...

    def renew(self, seconds: float) -> None:
        """Extend the lock, and never take it anew.

        Raises:
            LockLost: the session has it no more. A store may say so of a lock that has expired.
        """
        ...

    def read(self, scope: Scope) -> Snapshot:
        """The same as `Store.read`; the session keeps what its writes need of it."""
        ...

    def begin(self, work: Sequence[tuple[Action, ObjectKey]]) -> None:
        """Note what is about to be done, so that no crash hides it."""
        del work

    def note(self, run: Run) -> None:
        """Put `run` into the history of the set, in the place of what it was before.

        The history is one object of the store, whose size is bounded. Where not all of the last
        `MOST_RUNS` fit, the oldest go.
        """
        ...

    def create(self, resource: Resource, applied: Applied | None) -> Live:
        """Create `resource`, marked as `applied`; a copy kept of that key is dropped with it.

        The resource has a name, and besides ``generate_name`` where that name was generated.
        ``applied`` is ``None`` where an object that no set owned is put back. Where values cannot
        be read, ``resource`` may hold `UnreadValue`s of the copy kept of that key: they are taken
        over from there.

        Raises:
            ObjectExists: the name is taken.
            ObjectNotFound: its namespace does not exist.
            ObjectInvalid: the store's rules refuse it.
        """
        ...

    def update(
        self,
        key: ObjectKey,
        patch: tuple[Operation, ...],
        applied: Applied | None,
        precondition: Precondition,
    ) -> Live:
        """Apply `patch` to the live object, and nothing else; `applied` becomes its record.

        An object of another set is moved to that of `applied`; the caller holds the locks of both.
        Without `applied`, no set owns the object any more: its mark and its record go, and `patch`
        is empty. It can be made again where the call was interrupted.

        Raises:
            ObjectNotFound: it is gone.
            ObjectMoved: it is no longer what `precondition` says.
            ObjectInvalid: the store's rules refuse the result.
        """
        ...

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition | None,
        *,
        keep_copy: bool = False,
        released: bool = False,
    ) -> str:
        """Delete the object; with `keep_copy`, put a copy where `read` finds it, before.

        Without a precondition there is no object: the copy kept of it is dropped, where there is
        one, and so is the memory of it. With `released`, its set wants it gone, so that it is not
        remembered as vanished. A delete with `keep_copy` that is repeated succeeds where the object
        is gone and there is a copy of it. The copy of another set's object is of the session's set.
        Returns what the deletion still waits for, in words; empty where the object is gone.

        Raises:
            ObjectNotFound: it is gone.
            ObjectMoved: it is no longer what `precondition` says.
        """
        ...

    def look(self, key: ObjectKey) -> Live | None:
        """The object as it is now; ``None`` where it does not exist."""
        ...

    def unfinished(self, key: ObjectKey, deleted_uid: str = "") -> str:
        """What the last write to `key` still waits for, in words; empty where it is done.

        `deleted_uid` is that of the object that is to go, where the write was a delete. Asked only
        after a write whose answer said that it waits for something.
        """
        del key, deleted_uid
        return ""


class Trying(Protocol):
    """What a store with `Capability.SERVER_DRY_RUN` can do besides: try a write without making it.

    Needs no lock. Each method raises what the write would.
    """

    def try_create(self, resource: Resource, applied: Applied | None) -> Live:
        """What a create would answer."""
        ...

    def try_update(self, before: Live, patch: tuple[Operation, ...], applied: Applied) -> Live:
        """What an update of the live object `before` would answer."""
        ...

    def try_delete(self, before: Live) -> None:
        """Try to delete the live object `before`."""
        ...


class Rotating(Protocol):
    """What a session of a store with `Capability.ROTATION` can do besides."""

    def rotate(self, key: ObjectKey) -> None:
        """Move what uses old versions of `key` to it, and remove those; nothing where none are.

        Each user is waited for before the next one is touched.

        Raises:
            StoreError: a user did not come up with the new version; those before it did.
        """
        ...


class Restarting(Protocol):
    """What a session of a store with `Capability.RESTARTS` can do besides."""

    def owe(self, restarts: Mapping[ObjectKey, Collection[ObjectKey]]) -> None:
        """Note which workloads are to be restarted, and for which Secrets, before these change.

        It takes the place of what was noted. `Snapshot.owed` has what is noted of a Secret that
        has changed since.
        """
        ...

    def restart(self, key: ObjectKey, uid: str, moment: datetime) -> str:
        """Have the workload of that uid make its Pods anew; the same `moment` counts once.

        Returns what that still waits for, in words.

        Raises:
            ObjectNotFound: it is gone.
            ObjectMoved: it is another one by now.
        """
        ...

    def rollout(self, key: ObjectKey) -> str:
        """What the Pods of a restarted workload still wait for, in words; empty where all are new.

        Raises:
            StoreError: they will not come up, or the workload is gone.
        """
        ...

    def restarted(self, key: ObjectKey) -> None:
        """Note that the restart of the workload is owed no more."""
        ...


class Announcing(Protocol):
    """What a store with `Capability.EVENTS` can do besides: show what a check came to."""

    def announce(self, set_name: str, announcements: Sequence[Announcement]) -> None:
        """Let whoever looks at the objects see `announcements`, the one of the set first.

        Changes no object. The same drift at the next check is the same event, seen again. What
        has not drifted is announced only where the last that was said of it is that it had.

        Raises:
            RightsMissing: this user may not; its details name every right that is missing.
            StoreError: some could not be written; the others were.
        """
        ...
