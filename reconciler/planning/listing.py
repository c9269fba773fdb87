"""Lists the objects of a set, and the dependencies between manifests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.consumers import Consumer
from reconciler.model.listing import (
    DependencyGraph,
    GraphEdge,
    GraphNode,
    ListedObject,
    Listing,
)
from reconciler.model.objects import SERVICE_ACCOUNT, Desired, Live, ObjectKey
from reconciler.model.plans import Action, shown_key
from reconciler.model.store import Snapshot
from reconciler.planning import order
from reconciler.planning.references import references_of
from reconciler.rules import account_consumers


def listing(snapshot: Snapshot, set_name: str) -> Listing:
    """The set's live objects, with the consumers that the store reports.

    If it reports none, consumers are the ServiceAccounts and dependents among the objects read.
    """
    owned = {
        key: live
        for key, live in snapshot.objects.items()
        if live.applied is not None and live.applied.set_name == set_name
    }
    consumers = _consumers(snapshot.objects.values())
    for user in snapshot.consumers or ():
        consumers[user.secret].add(ObjectKey(user.kind, user.namespace, user.name))
    return Listing(
        snapshot.identity,
        set_name,
        tuple(_listed(owned[key], consumers) for key in sorted(owned)),
    )


def graph(desired: Sequence[Desired], consumers: Iterable[Consumer] = ()) -> DependencyGraph:
    """The dependencies between the manifests, and the `consumers` of their Secrets.

    Raises:
        DependencyCycle: objects depend on each other in a cycle.
    """
    named = {shown_key(resource): resource for resource in desired}
    edges = {
        GraphEdge(key, reference.target, reference.what)
        for key, resource in named.items()
        for reference in references_of(resource)
        if reference.target in named
    }
    used = {
        GraphEdge(ObjectKey(user.kind, user.namespace, user.name), user.secret, "uses")
        for user in consumers
        if user.secret in named
    }
    needs: dict[ObjectKey, list[ObjectKey]] = defaultdict(list)
    for edge in edges:
        needs[edge.dependent].append(edge.needed)
    steps = order.steps(dict.fromkeys(named, Action.CREATE), needs, {})
    return DependencyGraph(
        tuple(GraphNode(step.key, step.wave) for step in steps),
        tuple(sorted(edges | used, key=lambda edge: (edge.dependent, edge.needed, edge.what))),
    )


def _listed(live: Live, consumers: Mapping[ObjectKey, set[ObjectKey]]) -> ListedObject:
    return ListedObject(
        key=live.key,
        type=live.type,
        immutable=live.immutable,
        data_keys=tuple(sorted(live.data)),
        created=live.created,
        consumers=tuple(sorted(consumers.get(live.key, ()))),
    )


def _consumers(lives: Iterable[Live]) -> dict[ObjectKey, set[ObjectKey]]:
    """References by target: of accounts to their Secrets, and of objects to their dependencies."""
    consumers: dict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    for live in lives:
        for reference in references_of(live):
            if reference.what != "namespace":
                consumers[reference.target].add(live.key)
        if live.kind == SERVICE_ACCOUNT:
            for user in account_consumers(live):
                consumers[user.secret].add(live.key)
    return consumers
