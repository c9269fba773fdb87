"""What happens to one object: desired and live compared, and a change made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.objects import SECRET, Desired, Live, ObjectKey
from reconciler.model.plans import (
    Action,
    Change,
    FieldChange,
    FieldPath,
    Note,
    PlanOptions,
    Precondition,
    Reason,
)
from reconciler.model.store import Capability, Snapshot
from reconciler.model.values import Fingerprinter, UnreadValue, ValueRef
from reconciler.planning import diff, limits, rotation
from reconciler.planning.fields import (
    DATA,
    IMMUTABLE,
    TYPE,
    Fields,
    flatten,
    version_mark,
)
from reconciler.planning.lifecycle import Lifecycle, lifecycle
from reconciler.planning.masking import Masking
from reconciler.planning.owners import owner_uids, with_owner_uids
from reconciler.planning.ownership import (
    Merged,
    applied_earlier,
    drifted,
    merge,
    newly_made,
    record_is_current,
)
from reconciler.planning.scrubbing import scrubbed
from reconciler.rules import replace_reasons

_FORGOTTEN = Note("already-gone", "it is gone already: only the memory of it is dropped")
_KUBELETS = Note(
    "stale-kubelets",
    "running Pods may be served the old value for some time after a replace under the same name",
)

_VERSION = "takes the place of {}, which stays: what is to use the new version has to name it"


@dataclass(slots=True)
class Comparison:
    """The manifests beside a snapshot, and what comparing them has found so far.

    ``predecessors`` has, for each new version, the live object whose place it takes. ``targets``
    has the fields of each object that is updated.
    """

    named: Mapping[ObjectKey, Desired]
    snapshot: Snapshot
    options: PlanOptions
    masking: Masking
    records: Fingerprinter
    predecessors: Mapping[ObjectKey, ObjectKey] = field(default_factory=dict)
    targets: dict[ObjectKey, Fields] = field(default_factory=dict)

    def change(self, key: ObjectKey) -> Change:
        """What happens to the object that a manifest names."""
        resource = self.named[key]
        steering = lifecycle(resource)
        live = self.snapshot.objects.get(key)
        if live is not None and steering.create_only:
            return Change(
                key=key,
                action=Action.NO_OP,
                precondition=_precondition(live),
                source=resource.source,
            )
        wanted = self._wanted(key, resource)
        if live is not None:
            live = limits.recognised(live, resource.data, self.records)
            before = flatten(live)
            merged = self._merged(wanted, live, before, steering)
            return self._modification(resource, live, before, self._scrubbed(key, merged))
        if key in self.predecessors:
            predecessor = self.snapshot.objects[self.predecessors[key]]
            predecessor = limits.recognised(predecessor, resource.data, self.records)
            return self._succession(key, resource, wanted, predecessor)
        return self._creation(key, resource, wanted, steering)

    def replace_reasons(self, key: ObjectKey) -> tuple[Reason, ...]:
        """Why the live object cannot become what its manifest wants; empty where it can."""
        resource, live = self.named[key], self.snapshot.objects.get(key)
        steering = lifecycle(resource)
        if live is None or steering.create_only:
            return ()
        live = limits.recognised(live, resource.data, self.records)
        before = flatten(live)
        merged = self._merged(self._wanted(key, resource), live, before, steering)
        changed = diff.changed_paths(before, merged.target)
        return self._replace_reasons(live, merged.target, changed)

    def deletion(self, key: ObjectKey, *, superseded: bool = False) -> Change:
        """The delete of what no manifest names: an object, the copy or the memory of one."""
        live = self.snapshot.objects.get(key)
        why = Reason.DESTROY if self.options.destroy else Reason.PRUNE
        if superseded:
            why = Reason.SUPERSEDED
        if live is None and key not in self.snapshot.copies:
            return Change(
                key=key, action=Action.DELETE, reasons=(why, Reason.VANISHED), notes=(_FORGOTTEN,)
            )
        if live is None:
            return Change(
                key=key,
                action=Action.DELETE,
                reasons=(why, Reason.INTERRUPTED),
                notes=limits.loss(key.kind, Action.DELETE, (), self.snapshot),
            )
        return Change(
            key=key,
            action=Action.DELETE,
            reasons=(why,),
            notes=limits.loss(key.kind, Action.DELETE, (), self.snapshot),
            precondition=_precondition(live),
        )

    def _wanted(self, key: ObjectKey, resource: Desired) -> Fields:
        wanted = limits.kept_fields(resource, self.snapshot.capabilities)
        wanted.update(version_mark(key, resource))
        if not resource.owners or Capability.METADATA not in self.snapshot.capabilities:
            return wanted
        uids = owner_uids(resource, self.named, self.snapshot.objects)
        return with_owner_uids(resource, wanted, uids)

    def _merged(self, wanted: Fields, live: Live, before: Fields, steering: Lifecycle) -> Merged:
        return merge(wanted, before, self._applied(live), steering)

    def _applied(self, live: Live) -> Mapping[FieldPath, str]:
        return applied_earlier(live, self.options.set_name, self.records)

    def _creation(
        self, key: ObjectKey, resource: Desired, wanted: Fields, steering: Lifecycle
    ) -> Change:
        copy = self.snapshot.copies.get(key)
        former: Fields = {}
        if copy is None:
            merged = newly_made(wanted, steering)
            vanished = key in (self.snapshot.vanished or ())
            reasons: tuple[Reason, ...] = (Reason.MISSING, *[Reason.VANISHED] * vanished)
        else:
            copy = limits.recognised(copy, resource.data, self.records)
            former = flatten(copy)
            merged = self._merged(wanted, copy, former, steering)
            reasons = (Reason.MISSING, Reason.INTERRUPTED)
        merged = self._scrubbed(key, merged)
        fields, patch = diff.creation(key.namespace, former, merged.target, self.masking)
        return Change(
            key=key,
            action=Action.CREATE,
            generate_name="" if resource.name else resource.generate_name,
            reasons=reasons,
            fields=fields,
            kept=merged.kept,
            notes=tuple(self._moved(key, Action.CREATE, former, merged.target)),
            patch=patch,
            claims=merged.claims,
            source=resource.source,
        )

    def _succession(
        self, key: ObjectKey, resource: Desired, wanted: Fields, predecessor: Live
    ) -> Change:
        """A new version; keys of others come along, and other metadata of others does not."""
        steering = lifecycle(resource)
        before = flatten(predecessor)
        data = {
            path: leaf
            for path, leaf in before.items()
            if path[0] == DATA and not isinstance(leaf, UnreadValue)
        }
        applied = self._applied(predecessor)
        merged = self._scrubbed(key, merge(wanted, data, applied, steering))
        instead = self._merged(wanted, predecessor, before, steering).target
        changed = diff.changed_paths(before, instead)
        needed = self._replace_reasons(predecessor, instead, changed)
        shown = {path: leaf for path, leaf in before.items() if path in data | merged.target}
        fields, patch = diff.replacement(
            key.namespace,
            diff.Sides(shown, merged.target, diff.changed_paths(shown, merged.target)),
            self.masking,
            diff.made_anew,
        )
        vanished = key in (self.snapshot.vanished or ())
        return Change(
            key=key,
            action=Action.CREATE,
            reasons=(Reason.VERSIONED, *needed, *[Reason.VANISHED] * vanished),
            fields=fields,
            kept=merged.kept,
            notes=(Note("version-of", _VERSION.format(predecessor.key)),),
            patch=patch,
            claims=merged.claims,
            source=resource.source,
        )

    def _modification(
        self, resource: Desired, live: Live, before: Fields, merged: Merged
    ) -> Change:
        key = live.key
        changed = diff.changed_paths(before, merged.target)
        action, reasons = self._verdict(live, merged, changed)
        if action is Action.NO_OP:
            return Change(
                key=key,
                action=action,
                kept=merged.kept,
                precondition=_precondition(live),
                claims=merged.claims,
                source=resource.source,
            )
        if action is Action.UPDATE:
            self.targets[key] = merged.target
        compare = diff.replacement if action is Action.REPLACE else diff.update
        fields, patch = compare(
            key.namespace,
            diff.Sides(before, merged.target, changed),
            self.masking,
            self._origin_of(live, before),
        )
        return Change(
            key=key,
            action=action,
            generate_name="" if resource.name else resource.generate_name,
            reasons=reasons,
            fields=fields,
            kept=merged.kept,
            notes=(
                *self._notes(key, action, fields),
                *self._moved(key, action, before, merged.target),
            ),
            patch=patch,
            precondition=_precondition(live),
            claims=merged.claims,
            source=resource.source,
        )

    def _origin_of(self, live: Live, before: Fields) -> diff.OriginOf:
        applied = self._applied(live)
        same_key = self.records.key == self.masking.key

        def origin(path: FieldPath, reference: ValueRef | None) -> diff.Origin:
            known = reference.fingerprint if same_key and reference is not None else ""
            return diff.Origin(
                drifted(path, before, applied, live.namespace, self.records, fingerprint=known),
                live.managers.get(path, "") if path in before else "",
            )

        return origin

    def _verdict(
        self, live: Live, merged: Merged, changed: Collection[FieldPath]
    ) -> tuple[Action, tuple[Reason, ...]]:
        reasons: list[Reason] = []
        target = merged.target
        if live.applied is None or live.applied.set_name != self.options.set_name:
            reasons.append(Reason.ADOPT)
        if changed:
            reasons += _differences(changed, target)
            needed = self._replace_reasons(live, target, changed)
            if needed:
                return Action.REPLACE, (*reasons, *needed)
        if reasons:
            return Action.UPDATE, tuple(reasons)
        current = record_is_current(
            self._applied(live), merged.claims, target, live.key.namespace, self.records
        )
        if rotation.is_due(live.key, self.snapshot, self.options):
            return Action.UPDATE, (Reason.ROTATION,)
        if current:
            return Action.NO_OP, ()
        return Action.UPDATE, (Reason.RECORD,)

    def _notes(
        self, key: ObjectKey, action: Action, fields: tuple[FieldChange, ...]
    ) -> tuple[Note, ...]:
        # Where values can be changed, a replace is of an immutable Secret, which kubelets cache.
        cached = action is Action.REPLACE and Capability.UPDATE_VALUES in self.snapshot.capabilities
        lost = limits.loss(key.kind, action, fields, self.snapshot)
        return (*((_KUBELETS,) if cached else ()), *lost)

    def _moved(
        self, key: ObjectKey, action: Action, before: Fields, target: Fields
    ) -> Iterator[Note]:
        if action is Action.UPDATE:
            return rotation.users_moved(key, self.snapshot, self.options)
        return rotation.notes(key, before, target, self.snapshot, self.options)

    def _scrubbed(self, key: ObjectKey, merged: Merged) -> Merged:
        return scrubbed(merged) if self.options.scrub and key.kind == SECRET else merged

    def _replace_reasons(
        self, live: Live, target: Fields, changed: Collection[FieldPath]
    ) -> tuple[Reason, ...]:
        parts = {path[0] for path in changed}
        return (
            *replace_reasons(
                live,
                target.get(TYPE, ""),
                immutable=IMMUTABLE in target,
                data_changes=DATA in parts,
            ),
            *limits.replace_reasons(changed, self.snapshot),
        )


def _precondition(live: Live) -> Precondition:
    return Precondition(live.uid, live.resource_version)


def _differences(changed: Collection[FieldPath], target: Fields) -> Iterator[Reason]:
    parts = {path[0] for path in changed}
    if DATA in parts:
        yield Reason.DATA
    if IMMUTABLE in changed and IMMUTABLE in target:
        yield Reason.SEAL
    if parts - {DATA, *IMMUTABLE, *TYPE}:
        yield Reason.METADATA
