"""Which store is meant, and how to open it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_STORE = "sqlite:.reconciler/store.db"


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """Which store is meant: its URL, and the options of its kind by their names without dashes."""

    url: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How to open a store: its URL, the environment, and what the user said besides.

    ``workers`` is how many threads will use it at a time. ``options`` are those that not every
    store has, by their name on the command line without the dashes.
    """

    url: str
    environ: Mapping[str, str] = field(repr=False)
    workers: int = 10
    options: Mapping[str, str] = field(default_factory=dict)
