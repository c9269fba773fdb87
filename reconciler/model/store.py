"""What a store is to the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from reconciler.model.objects import Applied, Bystander, Live, ObjectKey, Resource
from reconciler.model.patches import Operation
from reconciler.model.plans import Note, Precondition, StoreIdentity


class Capability(StrEnum):
    """Something that not every store can do."""

    NAMESPACES = "namespaces"
    """Namespaces and ServiceAccounts are objects of the store."""
    SERVER_DRY_RUN = "server-dry-run"
    """A write can be tried without being done."""
    ONE_WRITER = "one-writer"
    """Writes are made one at a time, however many ask for them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a store a plan needs: the objects named by manifests, and the set's members.

    ``references`` are objects of which only the existence, uid and owners matter.
    """

    set_name: str
    keys: frozenset[ObjectKey]
    references: frozenset[ObjectKey] = frozenset()

    def wants(self, key: ObjectKey, owner_set: str | None) -> bool:
        """Whether the values of a live object of that key and ownership mark are needed."""
        return key in self.keys or owner_set == self.set_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A store as one read saw it.

    ``copies`` holds what an interrupted replace had deleted: objects that exist nowhere else.
    ``vanished`` are objects that the set had applied and that are gone, ``None`` where the store
    keeps no memory of them.
    ``fingerprint_key`` is ``None`` where the store has none yet.
    """

    identity: StoreIdentity
    capabilities: frozenset[Capability]
    objects: Mapping[ObjectKey, Live] = field(default_factory=dict)
    bystanders: Mapping[ObjectKey, Bystander] = field(default_factory=dict)
    copies: Mapping[ObjectKey, Live] = field(default_factory=dict)
    vanished: frozenset[ObjectKey] | None = None
    fingerprint_key: bytes | None = field(default=None, repr=False)
    notices: tuple[Note, ...] = ()

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
        )


def _versions(lives: Mapping[ObjectKey, Live]) -> dict[ObjectKey, tuple[str, str]]:
    return {key: (live.uid, live.resource_version) for key, live in lives.items()}


class Store(Protocol):
    """A place that holds Secrets. Every method may be called from several threads at once.

    All methods raise `StoreUnavailable` for faults that may pass, `StoreDamaged` where what is
    stored cannot be read, and other `StoreError`s for refusals. No message holds a value.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do."""
        ...

    def read(self, scope: Scope) -> Snapshot:
        """Read what `scope` wants, as of one moment. Must not write, nor need the right to."""
        ...

    def lock(self, set_name: str, holder: str, seconds: float) -> None:
        """Take the set's lock for `seconds`, or extend it where `holder` has it already.

        Creates the store where it does not exist yet, and gives it a fingerprint key.

        Raises:
            StoreLocked: somebody else has it; ``holder`` names them.
        """
        ...

    def unlock(self, set_name: str, holder: str) -> None:
        """Give the lock back; nothing happens where `holder` no longer has it."""
        ...

    def create(self, resource: Resource, applied: Applied | None, *, dry_run: bool = False) -> Live:
        """Create `resource`, marked as `applied`; a copy kept of that key is dropped with it.

        ``applied`` is ``None`` where an object that no set owned is put back.

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
        applied: Applied,
        precondition: Precondition,
        *,
        dry_run: bool = False,
    ) -> Live:
        """Apply `patch` to the live object, and nothing else; `applied` becomes its record.

        Raises:
            ObjectNotFound: it is gone.
            ObjectMoved: it is no longer what `precondition` says.
            ObjectInvalid: the store's rules refuse the result.
        """
        ...

    def delete(
        self,
        key: ObjectKey,
        precondition: Precondition,
        *,
        keep_copy: bool = False,
        released: bool = False,
        dry_run: bool = False,
    ) -> None:
        """Delete the object; with `keep_copy`, put a copy where `read` finds it, before.

        With `released`, its set wants it gone, so that it is not remembered as vanished.

        Raises:
            ObjectNotFound: it is gone.
            ObjectMoved: it is no longer what `precondition` says.
        """
        ...

    def drop_copy(self, key: ObjectKey) -> None:
        """Drop the copy kept of `key`, where there is one, and the memory of its object."""
        ...

    def fingerprint_key(self) -> bytes:
        """The key of the fingerprints that this store keeps; after `lock`, there is one."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...
