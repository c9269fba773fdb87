"""From what was compared to what happens to an object."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from reconciler.model.drift import FieldState
from reconciler.model.fields import DATA, IMMUTABLE, TYPE, Fields, field_of, leaf_text
from reconciler.model.objects import Live, ObjectKey
from reconciler.model.plans import (
    Action,
    Change,
    FieldChange,
    FieldPath,
    Note,
    Precondition,
    Reason,
)
from reconciler.model.store import Capability
from reconciler.model.values import UnreadValue, ValueRef
from reconciler.planning import diff, limits, rotation
from reconciler.planning.comparing import Compared, Comparison
from reconciler.planning.generating import deletion_notes, generation_notes
from reconciler.planning.masking import Masking
from reconciler.planning.recipes import drawn_recipes
from reconciler.planning.seals import is_unsure

_FORGOTTEN = Note("already-gone", "it is gone already: only the memory of it is dropped")
_KUBELETS = Note(
    "stale-kubelets",
    "running Pods may be served the old value for some time after a replace under the same name",
)

_WITH_KUBELETS = {Capability.CONSUMERS, Capability.UPDATE_VALUES}

_VERSION = "takes the place of {}: what is to use the new version has to name it"
_HASHED = "takes the place of {}, which running Pods use until their workload is rolled out anew"
_DRIFTED = {FieldState.CHANGED, FieldState.REMOVED, FieldState.ADDED}


@dataclass(frozen=True, slots=True)
class Changing:
    """Makes the changes of one plan; `masking` numbers their values."""

    comparison: Comparison
    masking: Masking

    def change(self, compared: Compared) -> Change:
        """What happens to an object that a manifest names."""
        live = compared.live
        change = self._creation(compared) if live is None else self._modification(compared, live)
        if change.action is not Action.NO_OP and compared.resource.sealed:
            return replace(change, sealed=True)
        return change

    def deletion(self, key: ObjectKey, *, superseded: bool = False) -> Change:
        """The delete of what no manifest names: an object, the copy or the memory of one."""
        snapshot = self.comparison.snapshot
        live = snapshot.objects.get(key)
        why = Reason.DESTROY if self.comparison.options.destroy else Reason.PRUNE
        if superseded:
            why = Reason.SUPERSEDED
        if live is None and key not in snapshot.copies:
            return Change(
                key=key, action=Action.DELETE, reasons=(why, Reason.VANISHED), notes=(_FORGOTTEN,)
            )
        return Change(
            key=key,
            action=Action.DELETE,
            reasons=(why, Reason.INTERRUPTED) if live is None else (why,),
            notes=(
                *limits.loss(key.kind, Action.DELETE, (), snapshot),
                *deletion_notes(live or snapshot.copies.get(key)),
            ),
            precondition=None if live is None else _precondition(live),
        )

    def release(self, key: ObjectKey) -> Change:
        """The set lets go of an object, or forgets one that is gone."""
        snapshot = self.comparison.snapshot
        live = snapshot.objects.get(key)
        if live is None and key not in snapshot.copies:
            return Change(
                key=key,
                action=Action.RELEASE,
                reasons=(Reason.RELEASE, Reason.VANISHED),
                notes=(_FORGOTTEN,),
            )
        return Change(
            key=key,
            action=Action.RELEASE,
            reasons=(Reason.RELEASE,) if live else (Reason.RELEASE, Reason.INTERRUPTED),
            precondition=None if live is None else _precondition(live),
        )

    def _creation(self, compared: Compared) -> Change:
        key, resource, merged = compared.key, compared.resource, compared.merged
        if compared.predecessor is None:
            fields, patch = diff.creation(
                key.namespace, compared.before, merged.target, self.masking
            )
            notes = (
                *self._rotation_notes(compared, Action.CREATE),
                *generation_notes(compared, Action.CREATE, self.comparison),
            )
        else:
            changed = diff.changed_paths(compared.before, merged.target)
            sides = diff.Sides(compared.before, merged.target, changed)
            fields, patch = diff.replacement(key.namespace, sides, self.masking)
            text = _HASHED if key in self.comparison.families else _VERSION
            notes = (Note("version-of", text.format(compared.predecessor.key)),)
        return Change(
            key=key,
            action=Action.CREATE,
            generate_name="" if resource.name else resource.generate_name,
            reasons=tuple(self._reasons_to_create(compared)),
            fields=fields,
            kept=merged.kept,
            notes=notes,
            patch=patch,
            claims=merged.claims,
            generated=drawn_recipes(compared.lifecycle, merged.target),
            source=resource.source,
        )

    def _reasons_to_create(self, compared: Compared) -> Iterator[Reason]:
        snapshot = self.comparison.snapshot
        if compared.predecessor is not None:
            yield Reason.VERSIONED
            if compared.key not in self.comparison.families:
                yield from self.comparison.replace_reasons(compared.predecessor)
        else:
            yield Reason.MISSING
        if compared.predecessor is None and compared.key in snapshot.copies:
            yield Reason.INTERRUPTED
        elif compared.key in (snapshot.vanished or ()):
            yield Reason.VANISHED

    def _modification(self, compared: Compared, live: Live) -> Change:
        resource, merged = compared.resource, compared.merged
        if compared.lifecycle.create_only:
            return Change(
                key=live.key,
                action=Action.NO_OP,
                precondition=_precondition(live),
                source=resource.source,
            )
        action, reasons = self._verdict(compared, live)
        if action is Action.NO_OP:
            return Change(
                key=live.key,
                action=action,
                kept=merged.kept,
                precondition=_precondition(live),
                claims=merged.claims,
                source=resource.source,
            )
        compare = diff.replacement if action is Action.REPLACE else diff.update
        sides = diff.Sides(compared.before, merged.target, compared.changed)
        fields, patch = compare(live.namespace, sides, self.masking)
        return Change(
            key=live.key,
            action=action,
            generate_name="" if resource.name else resource.generate_name,
            reasons=reasons,
            fields=tuple(self._with_origins(fields, live, compared)),
            kept=merged.kept,
            notes=(
                *self._notes(live.key, action, fields),
                *self._rotation_notes(compared, action),
                *generation_notes(compared, action, self.comparison),
            ),
            patch=patch,
            precondition=_precondition(live),
            claims=merged.claims,
            generated=drawn_recipes(compared.lifecycle, merged.target),
            source=resource.source,
        )

    def _with_origins(
        self, changes: Collection[FieldChange], live: Live, compared: Compared
    ) -> Iterator[FieldChange]:
        """The same, telling what is drift, and who wrote the live field last."""
        check = self.comparison.check
        same_key = check.fingerprinter.key == self.masking.key
        for change in changes:
            path = field_of(change.path)
            reference = change.before if path[0] == DATA and same_key else None
            fingerprint = reference.fingerprint if isinstance(reference, ValueRef) else ""
            state = check.state(
                path, live, compared.before, compared.applied, fingerprint=fingerprint
            )
            manager = live.managers.get(path, "") if path in compared.before else ""
            if state in _DRIFTED or manager:
                drifted = state in _DRIFTED
                yield change._replace(
                    drift=drifted,
                    manager=manager,
                    restores=drifted and self._restores(path, live, compared),
                )
            else:
                yield change

    def _restores(self, path: FieldPath, live: Live, compared: Compared) -> bool:
        """Whether the field is to be just as it was applied last."""
        target = compared.merged.target
        if path not in target or path not in compared.applied:
            return False
        text = leaf_text(target[path])
        own = self.comparison.check.fingerprinter.of(live.namespace, path, text)
        return own == compared.applied[path]

    def _verdict(self, compared: Compared, live: Live) -> tuple[Action, tuple[Reason, ...]]:
        reasons: list[Reason] = []
        options = self.comparison.options
        if live.applied is None:
            reasons.append(Reason.ADOPT)
        elif live.applied.set_name != options.set_name:
            reasons.append(Reason.TRANSFER)
        if compared.changed:
            reasons += _differences(compared.changed, compared.before, compared.merged.target)
            needed = self.comparison.replace_reasons(compared)
            if needed:
                return Action.REPLACE, (*reasons, *needed)
        if reasons:
            return Action.UPDATE, tuple(reasons)
        if rotation.is_due(live.key, self.comparison.snapshot, options):
            return Action.UPDATE, (Reason.ROTATION,)
        check, digests = self.comparison.check, self.comparison.digests(compared)
        if check.is_current(live, compared.merged, compared.applied, digests):
            return Action.NO_OP, ()
        return Action.UPDATE, (Reason.RECORD,)

    def _notes(
        self, key: ObjectKey, action: Action, fields: Collection[FieldChange]
    ) -> tuple[Note, ...]:
        # Where values can be changed, a replace is of an immutable Secret, which kubelets cache.
        snapshot = self.comparison.snapshot
        cached = action is Action.REPLACE and snapshot.capabilities >= _WITH_KUBELETS
        lost = limits.loss(key.kind, action, fields, snapshot)
        return (*((_KUBELETS,) if cached else ()), *lost)

    def _rotation_notes(self, compared: Compared, action: Action) -> Iterator[Note]:
        snapshot, options = self.comparison.snapshot, self.comparison.options
        if action is Action.UPDATE:
            return rotation.user_updates(compared.key, snapshot, options)
        before, target = compared.before, compared.merged.target
        return rotation.notes(compared.key, before, target, snapshot, options)


def _precondition(live: Live) -> Precondition:
    return Precondition(live.uid, live.resource_version)


def _differences(
    changed: Collection[FieldPath], before: Fields, target: Fields
) -> Iterator[Reason]:
    parts = {path[0] for path in changed}
    unsure = {path for path in changed if is_unsure(target.get(path))}
    unread = {
        path for path in changed if path in target and before.get(path) == UnreadValue(None)
    } - unsure
    if any(path[0] == DATA and path not in unsure and path not in unread for path in changed):
        yield Reason.DATA
    if unsure:
        yield Reason.SEALED
    if unread:
        yield Reason.UNREAD
    if IMMUTABLE in changed and IMMUTABLE in target:
        yield Reason.SEAL
    if parts - {DATA, *IMMUTABLE, *TYPE}:
        yield Reason.METADATA
