"""From desired and live objects to a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from reconciler.model.consumers import Consumer
from reconciler.model.objects import Desired, Diagnostic, InputYield, ObjectKey
from reconciler.model.plans import (
    Change,
    Note,
    Plan,
    PlanOptions,
    PlanValues,
    Step,
)
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.values import Fingerprinter
from reconciler.planning import limits, order, rotation
from reconciler.planning.changes import Comparison
from reconciler.planning.checks import annotation_errors, cycle_error, owner_problems
from reconciler.planning.consumers import Users, users, with_consumers
from reconciler.planning.guarded import Guarded
from reconciler.planning.guards import refusals
from reconciler.planning.lifecycle import lifecycle
from reconciler.planning.masking import Masking
from reconciler.planning.naming import moved_keys, named_objects
from reconciler.planning.references import Reference, reference_problems, references
from reconciler.planning.scrubbing import copies_values, copying_notice
from reconciler.planning.selection import (
    lasting_notices,
    leftover_notices,
    leftovers_of,
    superseded_by,
    targeted,
)
from reconciler.planning.versions import old_version_notices, with_new_versions


def scope(desired: Iterable[Desired], options: PlanOptions) -> Scope:
    """What of the store a plan for `desired` needs to see.

    What may delete anything has to see what a delete would take along.
    """
    objects = tuple(desired)
    return Scope(
        set_name=options.set_name,
        desired=objects,
        keys=frozenset(resource.key for resource in objects if resource.name),
        references=frozenset(
            reference.target for resource in objects for reference in references(resource)
        ),
        surroundings=options.prune
        or options.destroy
        or options.allow_replace
        or any(lifecycle(resource).replace_allowed for resource in objects),
        consumers=options.consumers,
    )


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    fingerprinter: Fingerprinter,
    consumers: Collection[Consumer] = (),
    *,
    inputs: Sequence[InputYield] = (),
) -> tuple[Plan, PlanValues]:
    """Compare `desired` with `snapshot`: a plan without a value, and the values beside it.

    `fingerprinter` is for the plan's own references; records of what was applied are read with
    the store's key. `consumers` are those that the manifests hold, and `inputs` where `desired`
    comes from. The order of `desired` does not matter. What is wrong stands in the plan, in
    ``problems`` and ``refusals``.

    Raises:
        ConfigError: a target is neither in the manifests nor in the set.
    """
    records = Fingerprinter(snapshot.fingerprint_key or fingerprinter.key)
    named = named_objects(desired, snapshot, options.set_name, records)
    comparison = Comparison(named, snapshot, options, Masking(fingerprinter), records)
    comparison = with_new_versions(comparison, fingerprinter)
    known = users(snapshot, comparison.named, consumers)
    selected = _selected(comparison, known)
    changes, pointing, problems = _looked_at(comparison, selected.chosen)
    changes += [
        comparison.deletion(key, superseded=key in selected.old) for key in selected.deleted
    ]
    changes = with_consumers(changes, known, comparison.predecessors)
    changes.sort(key=attrgetter("key"))
    problems += _problems(pointing, comparison.named, selected, snapshot)
    ordered: tuple[Step, ...] = ()
    try:
        ordered = _steps(changes, pointing, selected, snapshot)
    except order.DependencyCycle as cycle:
        problems.append(cycle_error(cycle, comparison.named))
    result = Plan(
        store=snapshot.identity,
        options=options,
        changes=tuple(changes),
        steps=ordered,
        refusals=refusals(Guarded(changes, comparison.named, snapshot, options, known, inputs)),
        problems=tuple(problems),
        notices=(
            *snapshot.notices,
            *limits.notices((comparison.named[key] for key in selected.chosen), snapshot),
            *rotation.notices(selected.chosen, snapshot, options),
            *copying_notice(_copying(comparison.named, selected.chosen, snapshot, options)),
            *_input_notices(inputs),
            *selected.notices,
        ),
    )
    return result, PlanValues(comparison.masking.values, comparison.targets)


@dataclass(frozen=True, slots=True)
class _Selected:
    """The objects that the plan is about.

    ``moved`` has the keys of those that have another one than in their manifests. ``chosen`` have a
    manifest and ``deleted`` have none. ``old`` are old versions, with the key of
    the current one. ``notices`` tell of what is left as it is.
    """

    moved: Mapping[ObjectKey, ObjectKey]
    chosen: Sequence[ObjectKey]
    deleted: Sequence[ObjectKey]
    old: Mapping[ObjectKey, ObjectKey]
    notices: Sequence[Note]


def _selected(comparison: Comparison, known: Users) -> _Selected:
    named, snapshot, options = comparison.named, comparison.snapshot, comparison.options
    moved = moved_keys(named)
    leftovers = leftovers_of(named, snapshot, options)
    old = superseded_by(leftovers, named, snapshot)
    kept = dict(old_version_notices(old, named, known, options))
    kept |= lasting_notices(leftovers, snapshot)
    free = [key for key in leftovers if key not in kept]
    deletes = options.prune or options.destroy
    return _Selected(
        moved=moved,
        chosen=sorted(targeted(named, moved, leftovers, options)),
        deleted=free if deletes else (),
        old=old,
        notices=(*(() if deletes else leftover_notices(free, snapshot)), *kept.values()),
    )


def _input_notices(inputs: Iterable[InputYield]) -> Iterator[Note]:
    for one in inputs:
        if one.empty:
            yield Note("input-empty", f"{one.path} holds no object at all")


def _looked_at(
    comparison: Comparison, keys: Iterable[ObjectKey]
) -> tuple[list[Change], dict[ObjectKey, list[Reference]], list[Diagnostic]]:
    """The changes of `keys`, what their manifests point at, and what is wrong with these.

    All of an object at once: of ten thousand, the first has left the processor's caches when the
    last has been looked at.
    """
    changes, pointing, problems = [], {}, []
    for key in keys:
        resource = comparison.named[key]
        changes.append(comparison.change(key))
        pointing[key] = [*references(resource)]
        problems += annotation_errors(resource)
    return changes, pointing, problems


def _steps(
    changes: Iterable[Change],
    pointing: Mapping[ObjectKey, Iterable[Reference]],
    selected: _Selected,
    snapshot: Snapshot,
) -> tuple[Step, ...]:
    needs = {key: [one.target for one in pointed] for key, pointed in pointing.items()}
    moved = selected.moved
    if moved:
        needs = {key: [moved.get(one, one) for one in needed] for key, needed in needs.items()}
    live_needs = {
        key: [reference.target for reference in references(snapshot.objects[key])]
        for key in selected.deleted
        if key in snapshot.objects
    }
    actions = {change.key: change.action for change in changes}
    return order.steps(actions, needs, live_needs, selected.old)


def _copying(
    named: Mapping[ObjectKey, Desired],
    chosen: Iterable[ObjectKey],
    snapshot: Snapshot,
    options: PlanOptions,
) -> Iterator[ObjectKey]:
    """The live Secrets that keep a copy of their values; what is never touched is not scrubbed."""
    for key in chosen:
        live = snapshot.objects.get(key)
        if live is not None and copies_values(live):
            untouched = lifecycle(named[key]).create_only
            if untouched or not options.scrub:
                yield key


def _problems(
    pointing: Mapping[ObjectKey, Iterable[Reference]],
    named: Mapping[ObjectKey, Desired],
    selected: _Selected,
    snapshot: Snapshot,
) -> Iterator[Diagnostic]:
    """What is wrong with the manifests as they stand beside this store."""
    resources = [named[key] for key in pointing]
    yield from owner_problems(resources)
    targets = {reference.target for pointed in pointing.values() for reference in pointed}
    yield from reference_problems(
        zip(resources, pointing.values(), strict=True),
        {*_unknown(targets, named, selected, snapshot)},
        namespaces=Capability.NAMESPACES in snapshot.capabilities,
    )


def _unknown(
    keys: Iterable[ObjectKey],
    named: Mapping[ObjectKey, Desired],
    selected: _Selected,
    snapshot: Snapshot,
) -> Iterator[ObjectKey]:
    """Those of `keys` that neither the manifests hold nor, after this plan, the store."""
    deleted = {*selected.deleted}
    for key in keys:
        written = key in named or key in selected.moved
        stored = key in snapshot.objects or key in snapshot.bystanders
        if not written and (not stored or key in deleted):
            yield key
