"""Which objects a plan is about: its targets, and what the set owns without a manifest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from reconciler.errors import ConfigError
from reconciler.model.objects import LASTING_NAMESPACES, NAMESPACE, Desired, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Note
from reconciler.model.store import Snapshot
from reconciler.planning.comparing import Comparison
from reconciler.planning.naming import origin
from reconciler.planning.references import references_of
from reconciler.spelling import nearest

_LEFT_OUT = "the manifests no longer name {}, which the set owns: --prune deletes it"
_LASTS = "{}, which the set owns and no manifest names, stays: no server deletes this namespace"
_GONE = (
    "somebody else has deleted {}, and the manifests no longer name it: drift reports it until "
    "--prune forgets it"
)
_COPY_LEFT = (
    "a replace of {} was interrupted and the manifests no longer name it: its copy is kept until "
    "--prune drops it, or until a manifest names it again"
)

_STAYS = (
    "what is released stays in the store as it is, and no set owns it then; take its manifests "
    "out of the set as well, or its next plan wants to adopt it"
)


def targeted(
    named: Mapping[ObjectKey, Desired],
    renamed: Mapping[ObjectKey, ObjectKey],
    leftovers: Collection[ObjectKey],
    options: PlanOptions,
) -> Collection[ObjectKey]:
    """The named keys that the plan is about: all, or the targets and what they need.

    `renamed` has, by the keys in the manifests, the keys of objects that differ from these.
    """
    if not options.targets:
        return named.keys()
    targets = {renamed.get(key, key) for key in options.targets}
    unknown = sorted(targets - named.keys() - set(leftovers))
    if unknown:
        held = [str(key) for key in (*named, *leftovers)]
        meant = {str(key): nearest(str(key), held) for key in unknown}
        raise ConfigError(
            f"--target: neither the manifests nor the set has {', '.join(meant)}",
            hint=f"did you mean {', '.join(filter(None, meant.values()))}?"
            if any(meant.values())
            else "write KIND/NAMESPACE/NAME, for example Secret/shop/database",
        )
    chosen: set[ObjectKey] = set()
    waiting = [key for key in targets if key in named]
    while waiting:
        key = waiting.pop()
        if key not in chosen:
            chosen.add(key)
            needs = (reference.target for reference in references_of(named[key]))
            waiting += [
                renamed.get(need, need) for need in needs if renamed.get(need, need) in named
            ]
    return chosen


def leftovers_of(comparison: Comparison) -> list[ObjectKey]:
    """What the set has applied and no manifest names.

    These are live objects, copies of interrupted replaces, and objects that somebody else has
    deleted. With targets, only these and their old versions.
    """
    named, snapshot, options = comparison.named, comparison.snapshot, comparison.options
    held = {**snapshot.copies, **snapshot.objects}
    targets = {*options.targets, *_bases(options.targets, comparison)}
    owned = {
        key
        for key, live in held.items()
        if key not in named
        and live.applied is not None
        and live.applied.set_name == options.set_name
        and (not targets or {key, origin(live), *_bases((key,), comparison)} & targets)
    }
    gone = {
        key
        for key in snapshot.vanished or ()
        if not (key in named or key in held or key in snapshot.bystanders)
    }
    if options.targets:
        gone &= {*options.targets}
    # Those with a generated name may be what a manifest made that will make another.
    makers = [resource for resource in named.values() if not resource.name]
    orphans = {key for key in gone if not any(_is_made_of(key, maker) for maker in makers)}
    return sorted(owned | orphans)


def _is_made_of(key: ObjectKey, maker: Desired) -> bool:
    alike = (key.kind, key.namespace) == (maker.kind, maker.namespace)
    return alike and key.name.startswith(maker.generate_name)


def superseded_by(
    leftovers: Iterable[ObjectKey], comparison: Comparison
) -> dict[ObjectKey, ObjectKey]:
    """Those of `leftovers` that are old versions of what a manifest names, with a current one."""
    named, snapshot, families = comparison.named, comparison.snapshot, comparison.families
    live = [key for key in leftovers if key in snapshot.objects]
    if not live:
        return {}
    current = {resource.key: key for key, resource in named.items() if resource.name}
    heads = {base: key for key, base in sorted(families.items()) if key in named}
    origins = {key: origin(snapshot.objects[key]) for key in live if key not in families}
    return {
        **{key: current[first] for key, first in origins.items() if first in current},
        **{key: heads[families[key]] for key in live if key in families},
    }


def _bases(keys: Iterable[ObjectKey], comparison: Comparison) -> list[ObjectKey]:
    """The keys without kustomize's hash, of those that have one."""
    families = comparison.families
    return [families[key] for key in keys if key in families]


def lasting_notices(
    leftovers: Iterable[ObjectKey], snapshot: Snapshot
) -> Iterator[tuple[ObjectKey, Note]]:
    """Those of `leftovers` that no server deletes, so that they stay in the set."""
    for key in leftovers:
        is_lasting = key.kind == NAMESPACE and key.name in LASTING_NAMESPACES
        if is_lasting and key in snapshot.objects:
            yield key, Note("namespace-lasts", _LASTS.format(key))


def release_notices(released: Collection[ObjectKey], snapshot: Snapshot) -> tuple[Note, ...]:
    """What a plan that lets go of `released` says once."""
    return (Note("released-stays", _STAYS),) if snapshot.objects.keys() & released else ()


def leftover_notices(leftovers: Iterable[ObjectKey], snapshot: Snapshot) -> Iterator[Note]:
    """What a plan without ``--prune`` says of what is left over."""
    for key in leftovers:
        if key in snapshot.objects:
            yield Note("left-manifests", _LEFT_OUT.format(key))
        elif key in snapshot.copies:
            yield Note("copy-kept", _COPY_LEFT.format(key))
        else:
            yield Note("left-and-gone", _GONE.format(key))
