"""Orders changes as steps, in waves of steps that may run together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter

from reconciler.model.objects import KINDS, ObjectKey
from reconciler.model.plans import Action, Step

Dependencies = Mapping[ObjectKey, Collection[ObjectKey]]

_KIND_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}


class DependencyCycle(Exception):
    """Objects that depend on each other in a cycle; the first of each edge needs the second."""

    def __init__(self, edges: Sequence[tuple[ObjectKey, ObjectKey]]) -> None:
        super().__init__(", ".join(f"{before} needs {after}" for before, after in edges))
        self.edges = tuple(edges)


def steps(
    actions: Mapping[ObjectKey, Action],
    needs: Dependencies,
    live_needs: Dependencies,
    successors: Mapping[ObjectKey, ObjectKey] | None = None,
) -> tuple[Step, ...]:
    """Put the actions in waves: each write after those that it needs, then the deletes.

    Kinds keep their order, Namespace, ServiceAccount, Secret, for a tidy output: only a dependency
    makes a step wait for another's success. `live_needs` are the dependencies of the objects to be
    deleted; deletes run in the reverse order. `successors` maps a delete to the write that must
    have succeeded before it.

    Raises:
        DependencyCycle: objects depend on each other in a cycle.
    """
    ordered = sorted(actions.items())
    # Maps instead of sets keep the keys sorted.
    deletes = {key: action for key, action in ordered if action is Action.DELETE}
    written = {key: action for key, action in ordered if action is not Action.DELETE}
    delete_after = _reversed(deletes, live_needs)
    for key, successor in (successors or {}).items():
        if key in delete_after:
            delete_after[key].append(successor)
    ranks, gone = _ranks(written, needs), _ranks(deletes, live_needs)
    last = max(ranks.values(), default=0) + max(gone.values(), default=0) + 1
    ranks |= {key: last - rank for key, rank in gone.items()}
    pending = {key: action for key, action in ordered if action is not Action.NO_OP}
    waves = {rank: wave for wave, rank in enumerate(sorted({ranks[key] for key in pending}))}
    steps = [
        Step(
            key,
            action,
            waves[ranks[key]],
            _within((delete_after if action is Action.DELETE else needs).get(key, ()), pending),
        )
        for key, action in pending.items()
    ]
    steps.sort(key=attrgetter("wave"))
    return tuple(steps)


def with_restarts(
    steps: Sequence[Step], restarts: Mapping[ObjectKey, Collection[ObjectKey]]
) -> tuple[Step, ...]:
    """Add restarts, each with the keys that it waits for, between the writes and the deletes.

    Each is a wave of its own and needs the one before, and the deletes need the last one: where a
    restart fails, nothing else is touched.
    """
    if not restarts:
        return tuple(steps)
    writes = [step for step in steps if step.action is not Action.DELETE]
    deletes = steps[len(writes) :]
    pending = {step.key for step in writes}
    first = writes[-1].wave + 1 if writes else 0
    last: tuple[ObjectKey, ...] = ()
    added = []
    for wave, (key, needs) in enumerate(sorted(restarts.items()), first):
        added.append(Step(key, Action.RESTART, wave, (*_within(needs, pending), *last)))
        last = (key,)
    shifted = [
        replace(step, wave=step.wave + len(added), after=(*step.after, *last)) for step in deletes
    ]
    return (*writes, *added, *shifted)


def _within(keys: Iterable[ObjectKey], actions: Collection[ObjectKey]) -> tuple[ObjectKey, ...]:
    return tuple(sorted([key for key in keys if key in actions]))


def _reversed(keys: Collection[ObjectKey], needs: Dependencies) -> dict[ObjectKey, list[ObjectKey]]:
    dependents: dict[ObjectKey, list[ObjectKey]] = {key: [] for key in keys}
    for key in keys:
        for needed in needs.get(key, ()):
            if needed in dependents:
                dependents[needed].append(key)
    return dependents


def _ranks(keys: Collection[ObjectKey], needs: Dependencies) -> dict[ObjectKey, int]:
    """A number for each key: greater than those of its dependencies, and at least its kind's.

    Depth first, without recursion, since chains may be long.
    """
    ranks: dict[ObjectKey, int] = {}
    for start in keys:
        path = {start: None}  # each key needs the next one
        while path:
            key = next(reversed(path))
            rank, unranked = _KIND_RANKS[key.kind], []
            for need in needs.get(key, ()):
                if need in ranks:
                    rank = max(rank, ranks[need] + 1)
                elif need in keys:
                    unranked.append(need)
            if not unranked:
                ranks[key] = rank
                path.popitem()
                continue
            need = min(unranked)
            if need in path:
                chain = [*path, need]
                raise DependencyCycle(tuple(pairwise(chain[chain.index(need) :])))
            path[need] = None
    return ranks
