"""What a read has found, before it becomes a snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.consumers import Consumer
from reconciler.model.objects import Bystander, Live, ObjectKey
from reconciler.model.plans import Note


@dataclass(slots=True)
class Found:
    """What one read has found; ``maps`` has which maps an object has.

    ``leftovers`` are objects that live and of which a copy was not tidied away.
    ``consumers`` is ``None`` where they were not asked for; in the namespaces ``unseen`` there may
    be more.
    """

    objects: dict[ObjectKey, Live] = field(default_factory=dict)
    bystanders: dict[ObjectKey, Bystander] = field(default_factory=dict)
    copies: dict[ObjectKey, Live] = field(default_factory=dict)
    maps: dict[ObjectKey, tuple[str, ...]] = field(default_factory=dict)
    leftovers: set[ObjectKey] = field(default_factory=set)
    consumers: tuple[Consumer, ...] | None = None
    unseen: frozenset[str] = frozenset()
    notices: list[Note] = field(default_factory=list)
