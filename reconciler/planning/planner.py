"""From desired and live objects to a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.errors import ConfigError
from reconciler.model.documents import from_document
from reconciler.model.objects import Desired, Diagnostic, Live, ObjectKey, Severity, Source
from reconciler.model.plans import (
    Action,
    Change,
    FieldPath,
    Note,
    Plan,
    PlanOptions,
    PlanValues,
    Precondition,
    Reason,
    Step,
)
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.values import Fingerprinter, SecretValue, UidOf
from reconciler.planning import diff, order
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
from reconciler.planning.guards import Guarded, refusals
from reconciler.planning.lifecycle import Lifecycle, lifecycle, lifecycle_problems
from reconciler.planning.masking import Masking
from reconciler.planning.naming import named_objects
from reconciler.planning.ownership import Merged, drifted, merge, newly_made, record_is_current
from reconciler.planning.references import problem, reference_problems, references
from reconciler.rules import replace_reasons

_NOT_APPLIED: Mapping[FieldPath, str] = {}
_KUBELETS = Note(
    "stale-kubelets",
    "running Pods may be served the old value for some time after a replace under the same name",
)
_LEFT_OUT = "the manifests no longer name {}, which the set owns: --prune deletes it"
_COPY_LEFT = (
    "a replace of {} was interrupted and the manifests no longer name it: its copy is kept until "
    "--prune drops it, or until a manifest names it again"
)


def scope(desired: Iterable[Desired], options: PlanOptions) -> Scope:
    """What of the store a plan for `desired` needs to see."""
    objects = tuple(desired)
    return Scope(
        set_name=options.set_name,
        keys=frozenset(resource.key for resource in objects if resource.name),
        references=frozenset(
            reference.target for resource in objects for reference in references(resource)
        ),
    )


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    fingerprinter: Fingerprinter,
) -> tuple[Plan, PlanValues]:
    """Compare `desired` with `snapshot`: a plan without a value, and the values beside it.

    `fingerprinter` is for the plan's own references; records of what was applied are read with
    the store's key. The order of `desired` does not matter. What is wrong stands in the plan, in
    ``problems`` and ``refusals``.

    Raises:
        ConfigError: a target is neither in the manifests nor in the set.
    """
    named = named_objects(desired, snapshot, options.set_name)
    leftovers = _leftovers(named, snapshot, options.set_name)
    if options.targets:
        leftovers = [key for key in leftovers if key in options.targets]
    chosen = sorted(_targeted(named, leftovers, options))
    records = Fingerprinter(snapshot.fingerprint_key or fingerprinter.key)
    planning = _Planning(named, snapshot, options, Masking(fingerprinter), records)
    changes = [planning.change(key) for key in chosen]
    deleted = leftovers if options.prune else []
    changes += [planning.deletion(key) for key in deleted]
    changes.sort(key=lambda change: change.key)
    problems = list(_problems(named, chosen, snapshot, deleted))
    needs = {key: [reference.target for reference in references(named[key])] for key in chosen}
    ordered: tuple[Step, ...] = ()
    try:
        ordered = _steps(changes, needs, snapshot)
    except order.DependencyCycle as cycle:
        problems.append(_cycle_problem(cycle, named))
    notices = () if options.prune else _leftover_notices(leftovers, snapshot)
    result = Plan(
        store=snapshot.identity,
        options=options,
        changes=tuple(changes),
        steps=ordered,
        refusals=refusals(Guarded(changes, named, snapshot, options)),
        problems=tuple(problems),
        notices=(*snapshot.notices, *notices),
    )
    return result, PlanValues(planning.masking.values, planning.owned)


@dataclass(slots=True)
class _Planning:
    """One plan in the making."""

    named: Mapping[ObjectKey, Desired]
    snapshot: Snapshot
    options: PlanOptions
    masking: Masking
    records: Fingerprinter
    owned: dict[ObjectKey, Mapping[FieldPath, SecretValue | str]] = field(default_factory=dict)

    def change(self, key: ObjectKey) -> Change:
        """What happens to the object that a manifest names."""
        resource = self.named[key]
        steering = lifecycle(resource.annotations)
        live = self.snapshot.objects.get(key)
        if live is not None and steering.create_only:
            return Change(
                key=key,
                action=Action.NO_OP,
                precondition=_precondition(live),
                source=resource.source,
            )
        wanted = flatten(resource)
        with_owner_uids(wanted, self._owner_uids(resource), key.namespace)
        if live is None:
            return self._creation(key, resource, wanted, steering)
        merged = merge(wanted, flatten(live), _applied(live, self.options.set_name), steering)
        return self._modification(resource, live, merged)

    def deletion(self, key: ObjectKey) -> Change:
        """The delete of an object, or of the copy of one, that no manifest names any more."""
        live = self.snapshot.objects.get(key)
        if live is None:
            reasons = (Reason.PRUNE, Reason.INTERRUPTED)
            return Change(key=key, action=Action.DELETE, reasons=reasons)
        return Change(
            key=key,
            action=Action.DELETE,
            reasons=(Reason.PRUNE,),
            precondition=_precondition(live),
        )

    def _creation(
        self, key: ObjectKey, resource: Desired, wanted: Fields, steering: Lifecycle
    ) -> Change:
        copy = self.snapshot.copies.get(key)
        former = {} if copy is None else flatten(copy)
        if copy is None:
            merged = newly_made(wanted, steering)
            reasons: tuple[Reason, ...] = (Reason.MISSING,)
        else:
            merged = merge(wanted, former, _applied(copy, self.options.set_name), steering)
            reasons = (Reason.MISSING, Reason.INTERRUPTED)
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
            lambda path: drifted(path, before, applied, key.namespace, self.records),
        )
        return Change(
            key=key,
            action=action,
            generate_name="" if resource.name else resource.generate_name,
            reasons=reasons,
            fields=fields,
            kept=merged.kept,
            notes=(_KUBELETS,) if action is Action.REPLACE else (),
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
            needed = replace_reasons(live, from_document(live.key, unflatten(target)))
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


def _targeted(
    named: Mapping[ObjectKey, Desired], leftovers: Iterable[ObjectKey], options: PlanOptions
) -> set[ObjectKey]:
    """The named keys that the plan is about: all, or the targets and what they need."""
    if not options.targets:
        return set(named)
    unknown = sorted(set(options.targets) - named.keys() - set(leftovers))
    if unknown:
        raise ConfigError(
            "--target names what neither the manifests nor the set hold: "
            + ", ".join(map(str, unknown)),
            hint="write KIND/NAMESPACE/NAME, for example Secret/shop/database",
        )
    chosen: set[ObjectKey] = set()
    waiting = [key for key in options.targets if key in named]
    while waiting:
        key = waiting.pop()
        if key not in chosen:
            chosen.add(key)
            needs = (reference.target for reference in references(named[key]))
            waiting += [need for need in needs if need in named]
    return chosen


def _leftovers(
    named: Mapping[ObjectKey, Desired], snapshot: Snapshot, set_name: str
) -> list[ObjectKey]:
    """What the set owns and no manifest names: live objects, and copies of interrupted replaces."""
    held = {**snapshot.copies, **snapshot.objects}
    return sorted(
        key
        for key, live in held.items()
        if key not in named and live.applied is not None and live.applied.set_name == set_name
    )


def _leftover_notices(leftovers: Iterable[ObjectKey], snapshot: Snapshot) -> Iterator[Note]:
    for key in leftovers:
        if key in snapshot.objects:
            yield Note("left-manifests", _LEFT_OUT.format(key))
        else:
            yield Note("copy-kept", _COPY_LEFT.format(key))


def _steps(
    changes: Iterable[Change], needs: order.Dependencies, snapshot: Snapshot
) -> tuple[Step, ...]:
    actions = {change.key: change.action for change in changes}
    deleted = [key for key, action in actions.items() if action is Action.DELETE]
    live_needs = {
        key: [reference.target for reference in references(snapshot.objects[key])]
        for key in deleted
        if key in snapshot.objects
    }
    return order.steps(actions, needs, live_needs)


def _problems(
    named: Mapping[ObjectKey, Desired],
    chosen: Iterable[ObjectKey],
    snapshot: Snapshot,
    deleted: Collection[ObjectKey],
) -> Iterator[Diagnostic]:
    """What is wrong with the manifests as they stand beside this store."""
    kept = (snapshot.objects.keys() | snapshot.bystanders.keys()) - set(deleted)
    resources = [named[key] for key in chosen]
    for resource in resources:
        for annotation, message, hint in lifecycle_problems(resource.annotations):
            yield problem(
                resource,
                "lifecycle-invalid",
                f"metadata.annotations[{annotation}]",
                f"{annotation} {message}",
                hint,
            )
    yield from reference_problems(
        resources,
        named.keys() | kept,
        namespaces=Capability.NAMESPACES in snapshot.capabilities,
    )


def _cycle_problem(cycle: order.DependencyCycle, named: Mapping[ObjectKey, Desired]) -> Diagnostic:
    """The cycle as an error of its first object, which has no manifest where it is pruned."""
    first = cycle.edges[0][0]
    return Diagnostic(
        severity=Severity.ERROR,
        code="dependency-cycle",
        message=f"objects wait for each other: {cycle}",
        field="metadata",
        source=named[first].source if first in named else Source("(store)", 0, 0),
        object=str(first),
        hint="remove one of the dependencies",
    )


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
