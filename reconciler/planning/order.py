"""From changes to steps: what comes before what, and what may run together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

from reconciler.model.objects import KINDS, ObjectKey
from reconciler.model.plans import Action, Step

Dependencies = Mapping[ObjectKey, Collection[ObjectKey]]


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
    # Maps and not sets: keys come sorted, and to sort them again costs nothing while they are.
    deletes = {key: action for key, action in actions.items() if action is Action.DELETE}
    written = _ranks({key: one for key, one in actions.items() if key not in deletes}, needs)
    undone = _reversed(deletes, live_needs)
    for key, heir in (heirs or {}).items():
        if key in undone:
            undone[key].append(heir)
    gone = _ranks(deletes, live_needs)
    last = max(written.values(), default=0) + max(gone.values(), default=0) + 1
    ranks = written | {key: last - rank for key, rank in gone.items()}
    pending = {key: action for key, action in actions.items() if action is not Action.NO_OP}
    waves = {rank: wave for wave, rank in enumerate(sorted({ranks[key] for key in pending}))}
    found = [
        Step(key, actions[key], waves[ranks[key]], _within(before.get(key, ()), pending))
        for before, keys in (
            (needs, [key for key in pending if key not in deletes]),
            (undone, deletes),
        )
        for key in keys
    ]
    return tuple(sorted(found, key=attrgetter("wave", "key")))


def _within(keys: Iterable[ObjectKey], known: Collection[ObjectKey]) -> tuple[ObjectKey, ...]:
    return tuple(sorted([key for key in keys if key in known]))


def _reversed(keys: Collection[ObjectKey], needs: Dependencies) -> dict[ObjectKey, list[ObjectKey]]:
    found: dict[ObjectKey, list[ObjectKey]] = {key: [] for key in keys}
    for key in keys:
        for needed in needs.get(key, ()):
            if needed in found:
                found[needed].append(key)
    return found


def _ranks(keys: Collection[ObjectKey], needs: Dependencies) -> dict[ObjectKey, int]:
    """A number for each key: greater than those of all it needs, and not below its kind's."""
    ranks: dict[ObjectKey, int] = {}
    for key in sorted(keys):
        needed = [need for need in needs.get(key, ()) if need in keys]
        if ranks.keys() >= {*needed}:  # as nearly always: namespaces come first
            ranks[key] = _above(key, needed, ranks)
        else:
            _rank(key, keys, needs, ranks)
    return ranks


def _above(key: ObjectKey, needed: Iterable[ObjectKey], ranks: Mapping[ObjectKey, int]) -> int:
    return max([KINDS.index(key.kind), *[ranks[need] + 1 for need in needed]])


def _rank(
    start: ObjectKey,
    keys: Collection[ObjectKey],
    needs: Dependencies,
    ranks: dict[ObjectKey, int],
) -> None:
    """Rank `start` and all it needs, depth first, without recursion: chains may be long."""
    path: list[ObjectKey] = [start]
    on_path = {start}
    while path:
        key = path[-1]
        if key in ranks:
            on_path.discard(path.pop())
            continue
        needed = [need for need in needs.get(key, ()) if need in keys]
        unranked = [need for need in needed if need not in ranks]
        if unranked:
            need = min(unranked)
            if need in on_path:
                raise DependencyCycle(tuple(pairwise([*path[path.index(need) :], need])))
            path.append(need)
            on_path.add(need)
            continue
        ranks[key] = _above(key, needed, ranks)
