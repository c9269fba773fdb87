"""What a set holds, and how its objects hang together, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.history import Run
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import StoreIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedObject:
    """A live object of a set, without its values.

    ``created`` is in RFC 3339. ``consumers`` are the objects known to refer to it.
    """

    key: ObjectKey
    type: str = ""
    immutable: bool = False
    data_keys: tuple[str, ...] = ()
    created: str = ""
    consumers: tuple[ObjectKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """The live objects of a set, sorted by kind, namespace and name; and its last run."""

    store: StoreIdentity
    set_name: str
    objects: tuple[ListedObject, ...] = ()
    last: Run | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class GraphNode:
    """An object and the wave in which it would be created, counted from 0."""

    key: ObjectKey
    wave: int


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """``dependent`` needs ``needed``; ``what`` says as what: namespace, owner, dependency, …."""

    dependent: ObjectKey
    needed: ObjectKey
    what: str


@dataclass(frozen=True, slots=True)
class DependencyGraph:
    """What the manifests hold and in which order it would be created.

    ``nodes`` are sorted by wave and key, ``edges`` by both keys.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
