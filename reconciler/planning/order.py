"""From changes to steps: what comes before what, and what may run together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

from reconciler.model.objects import KINDS, ObjectKey
from reconciler.model.plans import Action, Step

Dependencies = Mapping[ObjectKey, Collection[ObjectKey]]

_KIND_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}


class DependencyCycle(Exception):
    """Objects that wait for each other; ``edges`` are the pairs, each waiting for the next."""

    def __init__(self, edges: Sequence[tuple[ObjectKey, ObjectKey]]) -> None:
        super().__init__(", ".join(f"{before} needs {after}" for before, after in edges))
        self.edges = tuple(edges)


def steps(
    actions: Mapping[ObjectKey, Action],
    needs: Dependencies,
    live_needs: Dependencies,
    heirs: Mapping[ObjectKey, ObjectKey] | None = None,
) -> tuple[Step, ...]:
    """Put the actions in waves: what is written, after what it needs; then the deletes.

    Kinds keep their order, Namespace, ServiceAccount, Secret, as a matter of tidiness: only a
    dependency makes a step wait for another's success. `live_needs` says what each object to be
    deleted needs; deletes run in the reverse. `heirs` says of a delete which write has to have
    succeeded before.

    Raises:
        DependencyCycle: objects wait for each other.
    """
    ordered = sorted(actions.items())
    # Maps and not sets, so that keys stay sorted.
    deletes = {key: action for key, action in ordered if action is Action.DELETE}
    written = {key: action for key, action in ordered if action is not Action.DELETE}
    undone = _reversed(deletes, live_needs)
    for key, heir in (heirs or {}).items():
        if key in undone:
            undone[key].append(heir)
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
            _within((undone if action is Action.DELETE else needs).get(key, ()), pending),
        )
        for key, action in pending.items()
    ]
    steps.sort(key=attrgetter("wave"))
    return tuple(steps)


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
    """A number for each key: greater than those of all it needs, and not below its kind's.

    Depth first, and without recursion, since chains may be long.
    """
    ranks: dict[ObjectKey, int] = {}
    for start in keys:
        path = {start: None}  # each waits for the next
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
                waiting = [*path, need]
                raise DependencyCycle(tuple(pairwise(waiting[waiting.index(need) :])))
            path[need] = None
    return ranks
