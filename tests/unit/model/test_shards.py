"""Shards: which environment belongs to which."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.shards import Shard, Share, digest_of

NAMES = st.lists(st.text(min_size=1), unique=True)


@given(NAMES, st.integers(1, 20))
def test_each_environment_belongs_to_exactly_one_shard(names: list[str], of: int) -> None:
    shares = [Share(Shard(index, of), tuple(names)) for index in range(1, of + 1)]
    assert sorted(name for share in shares for name in share.own) == sorted(names)


@given(NAMES, st.integers(1, 20))
def test_what_else_was_chosen_does_not_matter(names: list[str], of: int) -> None:
    shard = Shard(of, of)
    whole = Share(shard, tuple(names)).own
    assert Share(shard, tuple(names[::-2])).own == tuple(n for n in names[::-2] if n in whole)


def test_a_release_never_moves_an_environment_to_another_shard() -> None:
    """Jobs of one pipeline may run different versions."""
    names = ("staging", "eu-1", "eu-2", "us-east-1", "ap-south-1")
    owners = {name: next(n for n in range(1, 6) if Shard(n, 5).has(name)) for name in names}
    assert owners == {"staging": 2, "eu-1": 2, "eu-2": 3, "us-east-1": 5, "ap-south-1": 3}


@pytest.mark.parametrize("of", [2, 4, 10])
def test_shards_are_about_as_large_as_each_other(of: int) -> None:
    names = [f"cluster-{number}" for number in range(1000)]
    sizes = Counter(n for n in range(1, of + 1) for name in names if Shard(n, of).has(name))
    assert max(sizes.values()) < 1.5 * 1000 / of
    assert min(sizes.values()) > 0.5 * 1000 / of


def test_the_digest_tells_lists_apart() -> None:
    lists = [("a", "b"), ("b", "a"), ("ab",), ("a",), ()]
    assert len({digest_of(names) for names in lists}) == len(lists)
    assert Share(Shard(1, 2), ("a", "b")).digest == digest_of(["a", "b"])
