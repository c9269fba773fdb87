"""Shards: a run over several environments, divided among jobs that know nothing of each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

MOST = 10_000
"""How many shards a run may have."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The part with number `index`, from 1, of a run that is divided into `of` parts."""

    index: int
    of: int

    def has(self, environment: str) -> bool:
        """Whether the environment of that name belongs to this shard."""
        return shard_number(environment, self.of) == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"


@dataclass(frozen=True, slots=True)
class Share:
    """What a shard is a part of: `chosen` are the names of all environments of the whole run.

    They are in the order of the configuration file.
    """

    shard: Shard
    chosen: tuple[str, ...]

    @property
    def own(self) -> tuple[str, ...]:
        """The environments of the shard, in the same order."""
        return tuple(name for name in self.chosen if self.shard.has(name))

    @property
    def digest(self) -> str:
        """What tells runs over different environments apart."""
        return digest_of(self.chosen)


def shard_number(environment: str, of: int) -> int:
    """Which of so many shards the environment of that name belongs to, from 1.

    Nothing but its name and the number of shards decides: each job comes to the same answer,
    whatever else it has chosen, and at any time.
    """
    digest = hashlib.sha256(environment.encode()).digest()
    return int.from_bytes(digest[:8], "big") % of + 1


def digest_of(names: Iterable[str]) -> str:
    """The SHA-256 of `names` in their order, each on a line of its own, in hexadecimal."""
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()
