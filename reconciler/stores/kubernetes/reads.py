"""The result of a read, before it becomes a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.consumers import Consumer
from reconciler.model.objects import Bystander, Live, ObjectKey
from reconciler.model.plans import Note
from reconciler.model.store import Workload


@dataclass(slots=True)
class ClusterRead:
    """The result of one read. ``maps`` says which of the maps of metadata an object has.

    ``leftovers`` are existing objects of which an old copy is left. ``consumers`` is ``None`` where
    they were not asked for, and ``workloads`` are those of them that run Pods; the namespaces
    ``unseen`` may have more.
    """

    objects: dict[ObjectKey, Live] = field(default_factory=dict)
    bystanders: dict[ObjectKey, Bystander] = field(default_factory=dict)
    copies: dict[ObjectKey, Live] = field(default_factory=dict)
    maps: dict[ObjectKey, tuple[str, ...]] = field(default_factory=dict)
    leftovers: set[ObjectKey] = field(default_factory=set)
    consumers: tuple[Consumer, ...] | None = None
    workloads: Mapping[ObjectKey, Workload] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()
    notices: list[Note] = field(default_factory=list)
