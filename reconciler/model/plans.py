"""A plan as data: what changes, why, in which order, and what a guard says against it.

Nothing in here holds a secret value: where one would stand, there is a `ValueRef`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from reconciler.model.consumers import Consumer
from reconciler.model.generation import Recipe
from reconciler.model.objects import Diagnostic, Json, Live, ObjectKey, Resource, Source
from reconciler.model.patches import Operation
from reconciler.model.plan_options import PlanOptions
from reconciler.model.values import Nature, SecretValue, ValueRef

FieldPath = tuple[str, ...]
"""Where a field stands in an object's document, for example ``("data", "password")``."""

UNBORN = "*"
"""Ends the name in the key of an object whose name the store will generate; no real name has it."""


def shown_key(resource: Resource) -> ObjectKey:
    """The key of `resource`, or what it begins with where the store will generate the name."""
    if resource.name:
        return resource.key
    return resource.key._replace(name=f"{resource.generate_name}{UNBORN}")


class Action(StrEnum):
    """What happens to an object."""

    NO_OP = "no-op"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    RELEASE = "release"
    """The set lets go of the object, which stays in the store as it is."""
    RESTART = "restart"
    """A workload, which is no object of the set, makes its Pods anew."""


class Reason(StrEnum):
    """Why it happens."""

    MISSING = "missing"
    """The store does not hold the object."""
    VANISHED = "vanished"
    """It was applied and is gone: somebody else has deleted it."""
    DATA = "data"
    """A value or a key differs."""
    SEALED = "sealed"
    """A value is sealed, and may be another one than the live one."""
    UNREAD = "unread"
    """A live value cannot be read, and nothing tells whether it is another one."""
    METADATA = "metadata"
    """Labels, annotations, finalizers, owners or settings differ."""
    SEAL = "seal"
    """The object becomes immutable, which cannot be undone."""
    IMMUTABLE = "immutable"
    """The live object is immutable, so a change of data needs a replace."""
    UNSEAL = "unseal"
    """The manifest is not immutable and the live object is, so it needs a replace."""
    TYPE = "type"
    """The type differs, which no store can update."""
    VALUES = "values"
    """The store cannot change the data of a Secret, so a change of them needs a replace."""
    FIXED = "fixed"
    """An annotation differs that this store heeds only when it makes an object."""
    ADOPT = "adopt"
    """The object exists without an ownership mark and is taken over."""
    TRANSFER = "transfer"
    """Another set owns the object, and it is moved to this one."""
    ROTATION = "rotation"
    """Old versions are left, of which this plan makes an end."""
    RECORD = "record"
    """The record of what was applied last is out of date; the fields themselves are equal."""
    PRUNE = "prune"
    """The set owns the object and no manifest names it any more."""
    DESTROY = "destroy"
    """The set is to be destroyed, whatever the manifests name."""
    RELEASE = "release"
    """The set is to let go of it."""
    VERSIONED = "versioned"
    """A new version takes the place of the live object under another name.

    The manifest gives that name with kustomize's hash, or the live object would need a replace.
    """
    SUPERSEDED = "superseded"
    """A newer version has taken the object's place, and nothing is known to use it."""
    INTERRUPTED = "interrupted"
    """A replace was interrupted after its delete; the kept copy is put to use."""
    STALE_PODS = "stale-pods"
    """The Pods of the workload keep values that this plan changes."""
    OWED = "owed"
    """An earlier apply has changed values and did not come to restart the workload."""


class FieldAction(StrEnum):
    """What happens to a field."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class FieldChange(NamedTuple):
    """One field's change; ``before`` and ``after`` are ``None`` where the field is absent.

    ``drift`` tells that the live field is no longer what was applied last, so that the change
    undoes what somebody else did; with ``restores``, it brings back just what was applied.
    ``manager`` is the other program that wrote it last, where the store knows.

    A named tuple, since a plan of ten thousand creates has a hundred thousand of them.
    """

    path: FieldPath
    action: FieldAction
    before: Json | ValueRef = None
    after: Json | ValueRef = None
    nature: Nature = Nature.CONTENT
    drift: bool = False
    manager: str = ""
    restores: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reviewer should know about a change, with a stable code."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must still hold of the live object when a step touches it."""

    uid: str
    resource_version: str

    @classmethod
    def of(cls, live: Live) -> Precondition:
        """That the object is as it was when `live` was read."""
        return cls(live.uid, live.resource_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What a delete, a replace or the removal of keys takes out of the store.

    ``type`` and ``keys`` are those of the object as it is before. ``foreign`` are keys that
    somebody else added and that go with a deleted object. ``takes`` are the objects that a store
    deletes along with it. ``lost`` are the keys whose value no object of the set in the namespace
    holds afterwards; ``copies`` are the objects that hold the other ones.
    """

    type: str = ""
    keys: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    takes: tuple[ObjectKey, ...] = ()
    lost: tuple[str, ...] = ()
    copies: tuple[ObjectKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one object.

    ``generate_name`` is set where the manifest gives no more of a name than that; the key's name
    ends in `UNBORN` until there is one. ``patch`` turns the live document into the new one; that of
    a create or a replace adds the whole document.
    ``claims`` are the fields that the set owns afterwards. ``kept`` are fields of others that stay.
    ``generated`` says how the values are drawn that do not exist yet. ``sealed`` says that its
    manifest has values which nobody here can decrypt, so that it can be reviewed, but not made.
    ``restarted_for`` are the Secrets for which a workload is restarted; its precondition is of the
    uid alone, since the state of a workload changes all the time.
    ``notes`` say no more of what happens, so that plans which differ in them are the same. So it is
    with ``consumers``, which use what changes: the object where it is deleted or replaced, a key of
    it where that changes, the object whose place a new version takes; with ``warnings``, those of
    the manifest; and with ``removal``.
    """

    key: ObjectKey
    action: Action
    generate_name: str = ""
    reasons: tuple[Reason, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    kept: tuple[FieldPath, ...] = ()
    notes: tuple[Note, ...] = field(default=(), compare=False)
    patch: tuple[Operation, ...] = ()
    precondition: Precondition | None = None
    claims: tuple[FieldPath, ...] = ()
    generated: tuple[Recipe, ...] = ()
    sealed: bool = False
    restarted_for: tuple[ObjectKey, ...] = ()
    consumers: tuple[Consumer, ...] = field(default=(), compare=False)
    warnings: tuple[Diagnostic, ...] = field(default=(), compare=False)
    removal: Removal | None = field(default=None, compare=False)
    source: Source | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One executable part of a plan: the change of ``key``, after those of ``after``.

    ``wave`` counts from 0.
    """

    key: ObjectKey
    action: Action
    wave: int
    after: tuple[ObjectKey, ...] = ()


SEALED_GUARD = "sealed"
"""The guard that refuses to write values which nobody here can decrypt."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a guard refuses the plan, and how to allow what it refuses."""

    guard: str
    message: str
    hint: str
    key: ObjectKey | None = None


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """Which store a plan is for; ``id`` is empty where the store does not exist yet.

    ``scheme`` is that of the store's backend. ``id`` is given by the store itself and survives a
    move to another path or address.
    """

    scheme: str
    id: str
    location: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that apply needs but the values.

    ``changes`` are sorted by kind, namespace and name, no-ops included; ``steps`` are in the order
    of their waves. ``problems`` are errors in the manifests that only the store could tell.
    """

    store: StoreIdentity
    options: PlanOptions
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    notices: tuple[Note, ...] = ()

    @property
    def only_sealed(self) -> bool:
        """Whether nothing but sealed values keeps it from being applied."""
        guards = {refusal.guard for refusal in self.refusals}
        return guards == {SEALED_GUARD} and not self.problems

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that are not no-ops."""
        return tuple(change for change in self.changes if change.action is not Action.NO_OP)

    @property
    def counts(self) -> Mapping[Action, int]:
        """How many objects each action touches, no-ops included."""
        return Counter(change.action for change in self.changes)


@dataclass(frozen=True, slots=True)
class PlanValues:
    """The values behind a plan's `ValueRef`s, kept apart from it and never saved.

    ``numbered`` is indexed by ``ValueRef.number``; ``targets`` has the fields, as
    `reconciler.model.fields` forms them, that each object which is updated has then.
    ``ciphertexts`` has ``Desired.ciphertexts`` of each object that changes and has any.
    """

    numbered: Mapping[int, SecretValue]
    targets: Mapping[ObjectKey, Mapping[FieldPath, Any]] = field(repr=False)
    ciphertexts: Mapping[ObjectKey, Mapping[str, str]] = field(default_factory=dict, repr=False)
