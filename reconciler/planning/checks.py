"""Checks of the manifests that do not depend on the store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.model.fields import owner_key
from reconciler.model.lifecycle import lifecycle_problems, steers
from reconciler.model.objects import Desired, Diagnostic, ObjectKey, Severity, Source
from reconciler.planning.naming import is_versioned
from reconciler.planning.order import DependencyCycle
from reconciler.planning.references import dependency_problems, problem


def errors_without_store(
    desired: Sequence[Desired], store_annotations: Collection[str]
) -> Iterator[Diagnostic]:
    """The errors that a plan would report for any store: annotations and cycles."""
    for resource in desired:
        yield from annotation_errors(resource, store_annotations)
    yield from owner_problems(desired)
    yield from cycles(desired)


def cycles(desired: Sequence[Desired]) -> Iterator[Diagnostic]:
    """The error of manifests that depend on each other in a cycle."""
    from reconciler.planning.listing import graph  # a plan of a store does without

    try:
        graph(desired)
    except DependencyCycle as cycle:
        yield cycle_error(cycle, {resource.key: resource for resource in desired})


def annotation_errors(resource: Desired, store_annotations: Collection[str]) -> list[Diagnostic]:
    """Errors for unknown or invalid annotations of this tool.

    `store_annotations` are checked by the rules of their stores.
    """
    if not steers(resource.annotations):
        return []
    misspelt = [
        problem(
            resource,
            "lifecycle-invalid",
            f"metadata.annotations[{annotation}]",
            f"{annotation} {message}",
            hint,
        )
        for annotation, message, hint in lifecycle_problems(resource.annotations, store_annotations)
    ]
    return [*dependency_problems(resource), *misspelt]


def owner_problems(desired: Collection[Desired]) -> Iterator[Diagnostic]:
    """Errors for versioned owners: dependents would be deleted with an old version."""
    versioned = {resource.key for resource in desired if is_versioned(resource)}
    if not versioned:
        return
    for resource in desired:
        for index, owner in enumerate(resource.owners):
            key = owner_key(owner, resource.namespace)
            if key in versioned:
                yield problem(
                    resource,
                    "owner-versioned",
                    f"metadata.ownerReferences[{index}]",
                    f"the owner {key} is versioned, so another object will take its place",
                    "remove the owner reference, or the owner's annotation reconciler/replace",
                )


def cycle_error(cycle: DependencyCycle, named: Mapping[ObjectKey, Desired]) -> Diagnostic:
    """The cycle as an error of its first object, which has no manifest if it is pruned."""
    first = cycle.edges[0][0]
    return Diagnostic(
        severity=Severity.ERROR,
        code="dependency-cycle",
        message=f"objects depend on each other in a cycle: {cycle}",
        field="metadata",
        source=named[first].source if first in named else Source("(store)", 0, 0),
        object=str(first),
        hint="remove one of the dependencies",
    )
