"""The order of environments."""

from __future__ import annotations

from graphlib import CycleError
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.planning.stages import cycles, stage_numbers, stages

_names = st.sampled_from("abcdef")
_orders = st.dictionaries(_names, st.sets(_names))


def test_each_comes_in_the_first_stage_that_is_late_enough() -> None:
    after = {"eu-2": ["eu-1"], "lab": [], "eu-1": ["staging"], "staging": ["elsewhere"]}
    assert stages(after) == (("lab", "staging"), ("eu-1",), ("eu-2",))
    assert stages({}) == ()


def test_the_stages_of_a_choice_have_the_numbers_of_all() -> None:
    after = {"eu-2": ["eu-1"], "lab": [], "eu-1": ["staging"], "staging": []}
    assert stage_numbers(after, ["eu-2"]) == (3,)
    assert stage_numbers(after, ["eu-2", "lab", "staging"]) == (1, 3)
    assert stage_numbers(after, []) == ()


@given(_orders)
def test_every_environment_is_in_one_stage_after_all_that_it_names(
    after: dict[str, set[str]],
) -> None:
    if [*cycles(after)]:
        with pytest.raises(CycleError):
            stages(after)
        return
    ordered = stages(after)
    rank = {name: number for number, names in enumerate(ordered) for name in names}
    assert sorted(name for names in ordered for name in names) == sorted(after)
    for name, others in after.items():
        assert all(rank[other] < rank[name] for other in others if other in after)
        assert rank[name] == max((rank[other] + 1 for other in others if other in after), default=0)


@given(_orders)
def test_cycles_are_real_and_all_that_there_are(after: dict[str, set[str]]) -> None:
    left = {name: {*others} for name, others in after.items()}
    for cycle in cycles(after):
        assert cycle[0] == cycle[-1]
        for name, other in pairwise(cycle):
            left[name].remove(other)
    stages(left)
