"""From desired and live objects to a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from reconciler.model.objects import Desired, Diagnostic, ObjectKey
from reconciler.model.plans import (
    Action,
    Change,
    Plan,
    PlanOptions,
    PlanValues,
    Step,
)
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.model.values import Fingerprinter
from reconciler.planning import limits, order
from reconciler.planning.changes import Comparison
from reconciler.planning.checks import cycle_error, lifecycle_errors
from reconciler.planning.guards import Guarded, refusals
from reconciler.planning.lifecycle import lifecycle
from reconciler.planning.masking import Masking
from reconciler.planning.naming import named_objects
from reconciler.planning.references import reference_problems, references
from reconciler.planning.scrubbing import copies_values, copying_notice
from reconciler.planning.selection import leftover_notices, leftovers_of, targeted


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
    leftovers = leftovers_of(named, snapshot, options.set_name)
    if options.targets:
        leftovers = [key for key in leftovers if key in options.targets]
    chosen = sorted(targeted(named, leftovers, options))
    records = Fingerprinter(snapshot.fingerprint_key or fingerprinter.key)
    comparison = Comparison(named, snapshot, options, Masking(fingerprinter), records)
    changes = [comparison.change(key) for key in chosen]
    deletes = options.prune or options.destroy
    deleted = leftovers if deletes else []
    changes += [comparison.deletion(key) for key in deleted]
    changes.sort(key=lambda change: change.key)
    problems = list(_problems(named, chosen, snapshot, deleted))
    needs = {key: [reference.target for reference in references(named[key])] for key in chosen}
    ordered: tuple[Step, ...] = ()
    try:
        ordered = _steps(changes, needs, snapshot)
    except order.DependencyCycle as cycle:
        problems.append(cycle_error(cycle, named))
    told = () if deletes else leftover_notices(leftovers, snapshot)
    notices = (
        *limits.notices((named[key] for key in chosen), snapshot),
        *copying_notice(_copying(named, chosen, snapshot, options)),
        *told,
    )
    result = Plan(
        store=snapshot.identity,
        options=options,
        changes=tuple(changes),
        steps=ordered,
        refusals=refusals(Guarded(changes, named, snapshot, options)),
        problems=tuple(problems),
        notices=(*snapshot.notices, *notices),
    )
    return result, PlanValues(comparison.masking.values, comparison.owned)


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
    named: Mapping[ObjectKey, Desired],
    chosen: Iterable[ObjectKey],
    snapshot: Snapshot,
    deleted: Collection[ObjectKey],
) -> Iterator[Diagnostic]:
    """What is wrong with the manifests as they stand beside this store."""
    kept = (snapshot.objects.keys() | snapshot.bystanders.keys()) - set(deleted)
    resources = [named[key] for key in chosen]
    for resource in resources:
        yield from lifecycle_errors(resource)
    yield from reference_problems(
        resources,
        named.keys() | kept,
        namespaces=Capability.NAMESPACES in snapshot.capabilities,
    )
