"""The order of environments: stages of environments that may be applied side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

After = Mapping[str, Collection[str]]
"""From the name of an environment to those that it comes after."""


def stages(after: After) -> tuple[tuple[str, ...], ...]:
    """The names in `after` in stages: each comes after all that it names, as early as it can.

    Names that are no key of `after` are ignored. Within a stage, the order is that of `after`.

    Raises:
        graphlib.CycleError: environments come after each other.
    """
    sorter = _sorter(after)
    sorter.prepare()
    ranks = {name: rank for rank, name in enumerate(after)}
    ordered = []
    while sorter.is_active():
        ready = sorter.get_ready()
        ordered.append(tuple(sorted(ready, key=ranks.__getitem__)))
        sorter.done(*ready)
    return tuple(ordered)


def stage_numbers(after: After, chosen: Collection[str]) -> tuple[int, ...]:
    """The numbers, from 1, of the stages of `after` that some of the `chosen` environments are in.

    Raises:
        graphlib.CycleError: environments come after each other.
    """
    wanted = frozenset(chosen)
    return tuple(
        number for number, names in enumerate(stages(after), 1) if not wanted.isdisjoint(names)
    )


def cycles(after: After) -> Iterator[tuple[str, ...]]:
    """Cycles of `after` that share no edge: each name comes after the next, the last is the first.

    Without any, `stages` raises nothing.
    """
    left = {name: {*names} for name, names in after.items()}
    while True:
        try:
            _sorter(left).prepare()
        except CycleError as error:
            # graphlib lists each name before the one that comes after it.
            cycle = tuple(reversed(error.args[1]))
            yield cycle
            for name, other in pairwise(cycle):
                left[name].discard(other)
        else:
            return


def _sorter(after: After) -> TopologicalSorter[str]:
    return TopologicalSorter(
        {name: [other for other in others if other in after] for name, others in after.items()}
    )
