"""Which store is meant, and how to open it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.model.objects import Live, ObjectKey

DEFAULT_STORE = "sqlite:.reconciler/store.db"


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """Which store is meant: its URL, and the options of its kind by their names without dashes."""

    url: str
    options: Mapping[str, str] = field(default_factory=dict)


class MadeOf(Protocol):
    """What the manifests of the run would have made in another state of their checkout."""

    def paths(self, checkout: str) -> tuple[str, ...]:
        """The places of the manifests within `checkout`.

        Raises:
            ConfigError: they are not in there.
        """
        ...

    def lives(self, checkout: str, tree: str, key: bytes) -> Mapping[ObjectKey, Live]:
        """The objects that they would have made, with the files in `tree` for those of `checkout`.

        `key` is that of the fingerprints.

        Raises:
            StoreError: the manifests there have errors.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How to open a store: its URL, the environment, and what the user said besides.

    ``workers`` is how many threads will use it at a time. ``options`` are those that not every
    store has, by their name on the command line without the dashes. ``made`` is for stores that
    hold what manifests would have made.
    """

    url: str
    environ: Mapping[str, str] = field(repr=False)
    workers: int = 10
    options: Mapping[str, str] = field(default_factory=dict)
    made: MadeOf | None = field(default=None, repr=False)
