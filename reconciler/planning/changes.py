"""What happens to one object: desired and live compared, and a change made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.documents import from_document
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
from reconciler.model.values import Fingerprinter, SecretValue, UidOf
from reconciler.planning import diff, limits
from reconciler.planning.fields import (
    DATA,
    IMMUTABLE,
    TYPE,
    Fields,
    flatten,
    leaf_text,
    unflatten,
    with_owner_uids,
)
from reconciler.planning.lifecycle import Lifecycle, lifecycle
from reconciler.planning.masking import Masking
from reconciler.planning.ownership import Merged, drifted, merge, newly_made, record_is_current
from reconciler.planning.references import references
from reconciler.planning.scrubbing import scrubbed
from reconciler.rules import replace_reasons

_NOT_APPLIED: Mapping[FieldPath, str] = {}
_KUBELETS = Note(
    "stale-kubelets",
    "running Pods may be served the old value for some time after a replace under the same name",
)


@dataclass(slots=True)
class Comparison:
    """The manifests beside a snapshot, and what comparing them has found so far.

    ``owned`` has the values of the fields that each change claims.
    """

    named: Mapping[ObjectKey, Desired]
    snapshot: Snapshot
    options: PlanOptions
    masking: Masking
    records: Fingerprinter
    owned: dict[ObjectKey, Mapping[FieldPath, SecretValue | str]] = field(default_factory=dict)

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
        wanted = limits.kept_fields(resource, self.snapshot.capabilities)
        with_owner_uids(wanted, self._owner_uids(resource), key.namespace)
        if live is None:
            return self._creation(key, resource, wanted, steering)
        live = limits.recognised(live, resource.data, self.records)
        merged = merge(wanted, flatten(live), _applied(live, self.options.set_name), steering)
        return self._modification(resource, live, self._scrubbed(key, merged))

    def deletion(self, key: ObjectKey) -> Change:
        """The delete of an object, or of the copy of one, that no manifest names any more."""
        live = self.snapshot.objects.get(key)
        why = Reason.DESTROY if self.options.destroy else Reason.PRUNE
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
            merged = merge(wanted, former, _applied(copy, self.options.set_name), steering)
            reasons = (Reason.MISSING, Reason.INTERRUPTED)
        merged = self._scrubbed(key, merged)
        self._own(key, merged)
        fields, patch = diff.creation(key.namespace, former, merged.target, self.masking)
        return Change(
            key=key,
            action=Action.CREATE,
            generate_name="" if resource.name else resource.generate_name,
            reasons=reasons,
            fields=fields,
            kept=merged.kept,
            patch=patch,
            claims=merged.claims,
            source=resource.source,
        )

    def _modification(self, resource: Desired, live: Live, merged: Merged) -> Change:
        key = live.key
        before = flatten(live)
        action, reasons = self._verdict(live, before, merged)
        if action is Action.NO_OP:
            return Change(
                key=key,
                action=action,
                kept=merged.kept,
                precondition=_precondition(live),
                claims=merged.claims,
                source=resource.source,
            )
        self._own(key, merged)
        applied = _applied(live, self.options.set_name)
        compare = diff.replacement if action is Action.REPLACE else diff.update
        fields, patch = compare(
            key.namespace,
            before,
            merged.target,
            self.masking,
            lambda path: diff.Origin(
                drifted(path, before, applied, key.namespace, self.records),
                live.managers.get(path, "") if path in before else "",
            ),
        )
        return Change(
            key=key,
            action=action,
            generate_name="" if resource.name else resource.generate_name,
            reasons=reasons,
            fields=fields,
            kept=merged.kept,
            notes=self._notes(key, action, fields),
            patch=patch,
            precondition=_precondition(live),
            claims=merged.claims,
            source=resource.source,
        )

    def _verdict(
        self, live: Live, before: Fields, merged: Merged
    ) -> tuple[Action, tuple[Reason, ...]]:
        reasons: list[Reason] = []
        target = merged.target
        if live.applied is None or live.applied.set_name != self.options.set_name:
            reasons.append(Reason.ADOPT)
        if before != target:
            reasons += _differences(before, target)
            needed = (
                *replace_reasons(live, from_document(live.key, unflatten(target))),
                *limits.replace_reasons(before, target, self.snapshot),
            )
            if needed:
                return Action.REPLACE, (*reasons, *needed)
        if reasons:
            return Action.UPDATE, tuple(reasons)
        current = record_is_current(
            live.applied, merged.claims, target, live.key.namespace, self.records
        )
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

    def _scrubbed(self, key: ObjectKey, merged: Merged) -> Merged:
        return scrubbed(merged) if self.options.scrub and key.kind == SECRET else merged

    def _own(self, key: ObjectKey, merged: Merged) -> None:
        self.owned[key] = {path: leaf_text(merged.target[path]) for path in merged.claims}

    def _owner_uids(self, resource: Desired) -> Mapping[ObjectKey, str | UidOf]:
        """The uids of owners that the manifests hold; of others, the manifest's word counts."""
        found: dict[ObjectKey, str | UidOf] = {}
        if not resource.owners:
            return found
        for reference in references(resource):
            owner = reference.target
            if reference.what == "owner" and owner in self.named:
                live = self.snapshot.objects.get(owner)
                found[owner] = UidOf(*owner) if live is None else live.uid
        return found


def _applied(live: Live, set_name: str) -> Mapping[FieldPath, str]:
    """What this set applied last; what another set did is not ours to remove."""
    if live.applied is None or live.applied.set_name != set_name:
        return _NOT_APPLIED
    return live.applied.fields


def _precondition(live: Live) -> Precondition:
    return Precondition(live.uid, live.resource_version)


def _differences(before: Fields, target: Fields) -> Iterator[Reason]:
    changed = {
        path for path in before.keys() | target.keys() if before.get(path) != target.get(path)
    }
    if any(path[0] == DATA for path in changed):
        yield Reason.DATA
    if IMMUTABLE in changed and IMMUTABLE in target:
        yield Reason.SEAL
    if any(path[0] != DATA and path not in {IMMUTABLE, TYPE} for path in changed):
        yield Reason.METADATA
