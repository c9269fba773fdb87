"""From desired and live objects to a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter

from reconciler.model.consumers import Consumer
from reconciler.model.fields import Fields
from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import Desired, Diagnostic, InputYield, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Change, Note, Plan, PlanValues, Step
from reconciler.model.store import Capability, Scope, Snapshot
from reconciler.planning import limits, order, restarts, rotation, seals
from reconciler.planning.changes import Changing
from reconciler.planning.checks import annotation_errors, cycle_error, owner_problems
from reconciler.planning.comparing import Comparison
from reconciler.planning.consumers import Users, users_of, with_consumers
from reconciler.planning.contents import Contents
from reconciler.planning.emptied import input_notices
from reconciler.planning.families import hash_notice
from reconciler.planning.generating import generation_problems, refuse_unknown_rotation
from reconciler.planning.guarded import Guarded
from reconciler.planning.guards import refusals
from reconciler.planning.masking import Masking
from reconciler.planning.namespaces import with_namespaces
from reconciler.planning.naming import renamed_keys
from reconciler.planning.recognised import with_recognised
from reconciler.planning.references import Reference, reference_problems, references_of
from reconciler.planning.relocations import Relocations
from reconciler.planning.removals import with_removals
from reconciler.planning.restarts import with_restarts
from reconciler.planning.scrubbing import copies_values, copying_notice
from reconciler.planning.selection import (
    lasting_notices,
    leftover_notices,
    leftovers_of,
    release_notices,
    superseded_by,
    targeted,
)
from reconciler.planning.versions import (
    comparison_of,
    old_version_notices,
    with_new_versions,
)
from reconciler.planning.warned import warning_notices, with_warnings

_AT_ONCE = 64  # objects


def scope(desired: Iterable[Desired], options: PlanOptions) -> Scope:
    """What a plan for `desired` reads from the store.

    A plan that may delete anything needs to see what a delete would take along.
    """
    objects = tuple(desired)
    return Scope(
        set_name=options.set_name,
        desired=objects,
        keys=frozenset(resource.key for resource in objects if resource.name),
        references=frozenset(
            reference.target for resource in objects for reference in references_of(resource)
        ),
        surroundings=options.prune
        or options.destroy
        or options.allow_replace
        or any(lifecycle(resource).replace_allowed for resource in objects),
        consumers=options.consumers or options.restart_workloads,
    )


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    fingerprinter: Fingerprinter,
    *,
    consumers: Collection[Consumer] = (),
    store_annotations: Collection[str] = (),
    inputs: Sequence[InputYield] = (),
    diagnostics: Sequence[Diagnostic] = (),
) -> tuple[Plan, PlanValues]:
    """Compare `desired` with `snapshot`: a plan without a value, and the values beside it.

    `fingerprinter` is for the plan's own references; records of what was applied are read with
    the store's key. `consumers` are those that the manifests hold, and `inputs` where `desired`
    comes from. `diagnostics` are those of the manifests, of which the warnings stand beside what
    they are about. `store_annotations` are the annotations of this tool that steer single kinds of
    stores. The order of `desired` does not matter. What is wrong stands in the plan, in
    ``problems`` and ``refusals``.

    Raises:
        ConfigError: a target is neither in the manifests nor in the set, or what is to be rotated
            is not generated.
    """
    desired = with_namespaces(desired, snapshot, options)
    comparison = with_new_versions(
        comparison_of(desired, snapshot, options, fingerprinter), fingerprinter
    )
    users = users_of(snapshot, comparison.named, consumers)
    selected = _selected(comparison, users)
    refuse_unknown_rotation(comparison.named, selected.chosen, options)
    changing = Changing(comparison, Masking(fingerprinter))
    projected = _projected(changing, selected.chosen, store_annotations)
    changes, needs = projected.changes, projected.references
    changes += [changing.deletion(key, superseded=key in selected.old) for key in selected.deleted]
    changes += [changing.release(key) for key in selected.released]
    predecessors = {key: old.key for key, old in comparison.predecessors.items()}
    changes = with_consumers(changes, users, predecessors)
    about = {*selected.chosen, *selected.deleted, *selected.released}
    changes = with_restarts(changes, about, snapshot, options)
    changes.sort(key=attrgetter("key"))
    changes = _reviewed(changes, comparison, selected, changing.masking)
    changes = with_warnings(changes, comparison.named, diagnostics)
    problems = [*projected.problems, *_problems(needs, comparison.named, selected, snapshot)]
    ordered: tuple[Step, ...] = ()
    try:
        ordered = _steps(changes, needs, selected, snapshot)
    except order.DependencyCycle as cycle:
        problems.append(cycle_error(cycle, comparison.named))
    result = Plan(
        store=snapshot.identity,
        options=options,
        changes=tuple(changes),
        steps=ordered,
        refusals=refusals(Guarded(changes, comparison.named, snapshot, options, users, inputs)),
        problems=tuple(problems),
        notices=(
            *snapshot.notices,
            *limits.notices((comparison.named[key] for key in selected.chosen), snapshot),
            *rotation.notices(selected.chosen, snapshot, options),
            *restarts.notices(snapshot, options),
            *hash_notice(selected.chosen, comparison.families),
            *copying_notice(_copying(comparison.named, selected.chosen, snapshot, options)),
            *seals.notices(projected.seals),
            *input_notices(inputs),
            *selected.notices,
            *warning_notices(comparison.named, diagnostics),
        ),
    )
    return result, PlanValues(changing.masking.values, projected.targets, projected.ciphertexts)


def _reviewed(
    changes: Sequence[Change], comparison: Comparison, selected: _Selected, masking: Masking
) -> list[Change]:
    """`changes` with what a reviewer wants to know of their values beyond names and numbers."""
    snapshot = comparison.snapshot
    contents = Contents(snapshot, masking.values, selected.old)
    relocations = Relocations.of(changes, selected.left, snapshot, contents)
    recognised = with_recognised(changes, contents, relocations, comparison.options.set_name)
    return with_removals(recognised, comparison.named, snapshot, contents, relocations)


@dataclass(frozen=True, slots=True)
class _Selected:
    """The objects that the plan is about.

    ``renamed`` has, by the keys in the manifests, the keys of objects that differ from these.
    ``chosen`` have a manifest; ``deleted`` and ``released`` have none. ``old`` are old versions,
    with the key of the current one; ``left`` are all objects that no manifest names. ``notices``
    say what is left alone.
    """

    renamed: Mapping[ObjectKey, ObjectKey]
    chosen: Sequence[ObjectKey]
    deleted: Sequence[ObjectKey]
    released: Sequence[ObjectKey]
    old: Mapping[ObjectKey, ObjectKey]
    left: Sequence[ObjectKey]
    notices: Sequence[Note]


def _selected(comparison: Comparison, users: Users) -> _Selected:
    named, snapshot, options = comparison.named, comparison.snapshot, comparison.options
    renamed = renamed_keys(named)
    leftovers = leftovers_of(comparison)
    chosen = sorted(targeted(named, renamed, leftovers, options))
    if options.release:
        return _Selected(
            renamed, chosen, (), leftovers, {}, (), release_notices(leftovers, snapshot)
        )
    old = superseded_by(leftovers, comparison)
    kept = dict(old_version_notices(old, comparison, users))
    kept |= lasting_notices(leftovers, snapshot)
    free = [key for key in leftovers if key not in kept]
    deletes = options.prune or options.destroy
    return _Selected(
        renamed=renamed,
        chosen=chosen,
        deleted=free if deletes else (),
        released=(),
        old=old,
        left=[key for key in leftovers if key not in old],
        notices=(*(() if deletes else leftover_notices(free, snapshot)), *kept.values()),
    )


@dataclass(frozen=True, slots=True)
class _Projected:
    """What comparing the chosen objects came to, by their keys.

    ``references`` are what their manifests refer to. ``targets`` are the fields that those which
    are updated have then. ``ciphertexts`` are the digests that their records are to keep.
    ``seals`` counts sealed values by what is known of them. ``problems`` are those of single
    manifests.
    """

    changes: list[Change] = field(default_factory=list)
    references: dict[ObjectKey, list[Reference]] = field(default_factory=dict)
    targets: dict[ObjectKey, Fields] = field(default_factory=dict, repr=False)
    ciphertexts: dict[ObjectKey, Mapping[str, str]] = field(default_factory=dict)
    seals: Counter[str] = field(default_factory=Counter)
    problems: list[Diagnostic] = field(default_factory=list)


def _projected(
    changing: Changing, keys: Iterable[ObjectKey], store_annotations: Collection[str]
) -> _Projected:
    """Everything that is said of each of `keys`.

    Some at a time, through one stage after another: then the code of each stage is in the
    processor's caches, and so are the objects. What was compared is dropped then, since it takes
    most of the memory.
    """
    projected = _Projected()
    comparison = changing.comparison
    stream = comparison.compare_all(keys)
    while batch := [*islice(stream, _AT_ONCE)]:
        changes = [*map(changing.change, batch)]
        projected.changes.extend(changes)
        for compared in batch:
            projected.references[compared.key] = [*references_of(compared.resource)]
        for compared, change in zip(batch, changes, strict=True):
            if change.action is Action.UPDATE:
                projected.targets[compared.key] = compared.merged.target
            if change.action is not Action.NO_OP and (digests := comparison.digests(compared)):
                projected.ciphertexts[compared.key] = digests
        for compared in batch:
            wanted, is_new = comparison.named[compared.key].data, compared.live is None
            projected.seals.update(seals.standings(wanted, compared.resource.data, is_new=is_new))
        for compared in batch:
            projected.problems.extend(annotation_errors(compared.resource, store_annotations))
            projected.problems.extend(generation_problems(compared, comparison))
    return projected


def _steps(
    changes: Iterable[Change],
    references_by_key: Mapping[ObjectKey, Iterable[Reference]],
    selected: _Selected,
    snapshot: Snapshot,
) -> tuple[Step, ...]:
    renamed = selected.renamed
    needs = {
        key: [renamed.get(reference.target, reference.target) for reference in referred]
        for key, referred in references_by_key.items()
    }
    live_needs = {
        key: [reference.target for reference in references_of(snapshot.objects[key])]
        for key in selected.deleted
        if key in snapshot.objects
    }
    actions = {
        change.key: change.action for change in changes if change.action is not Action.RESTART
    }
    return order.with_restarts(
        order.steps(actions, needs, live_needs, selected.old),
        {change.key: change.restarted_for for change in changes if change.action is Action.RESTART},
    )


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
    references_by_key: Mapping[ObjectKey, Iterable[Reference]],
    named: Mapping[ObjectKey, Desired],
    selected: _Selected,
    snapshot: Snapshot,
) -> Iterator[Diagnostic]:
    """What is wrong with the manifests as they stand beside this store."""
    resources = [named[key] for key in references_by_key]
    yield from owner_problems(resources)
    targets = {
        reference.target for referred in references_by_key.values() for reference in referred
    }
    yield from reference_problems(
        zip(resources, references_by_key.values(), strict=True),
        {*_missing(targets, named, selected, snapshot)},
        namespaces=Capability.NAMESPACES in snapshot.capabilities,
    )


def _missing(
    keys: Iterable[ObjectKey],
    named: Mapping[ObjectKey, Desired],
    selected: _Selected,
    snapshot: Snapshot,
) -> Iterator[ObjectKey]:
    """Those of `keys` that neither the manifests hold nor, after this plan, the store."""
    deleted = {*selected.deleted}
    for key in keys:
        written = key in named or key in selected.renamed
        stored = key in snapshot.objects or key in snapshot.bystanders
        if not written and (not stored or key in deleted):
            yield key
