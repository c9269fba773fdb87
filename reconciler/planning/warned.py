"""The warnings of manifests beside the changes that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.objects import Desired, Diagnostic, ObjectKey, Severity
from reconciler.model.plans import Action, Change, Note, Plan


def with_warnings(
    changes: Iterable[Change], named: Mapping[ObjectKey, Desired], diagnostics: Sequence[Diagnostic]
) -> list[Change]:
    """Add to each change the warnings of its manifest."""
    by_object = _by_object(diagnostics)
    if not by_object:
        return list(changes)
    result = []
    for change in changes:
        resource = named.get(change.key)
        warnings = () if resource is None else by_object.get(resource.label, ())
        result.append(replace(change, warnings=tuple(warnings)) if warnings else change)
    return result


def warning_notices(
    named: Mapping[ObjectKey, Desired], diagnostics: Sequence[Diagnostic]
) -> tuple[Note, ...]:
    """The warnings that are about no object of the set, such as those of workloads."""
    by_object = _by_object(diagnostics)
    for resource in named.values():
        by_object.pop(resource.label, None)
    return tuple(
        Note(warning.code, f"{warning.source}: {warning.object or 'warning'}: {warning.message}")
        for warnings in by_object.values()
        for warning in warnings
    )


def warnings_beside(
    plan: Plan,
    desired: Iterable[Desired],
    diagnostics: Iterable[Diagnostic],
    *,
    verbose: bool = False,
) -> tuple[Diagnostic, ...]:
    """The `diagnostics` of `desired` that no change of `plan` shows.

    They are those of objects in sync, unless the plan is shown with `verbose`, and of objects that
    are not among the targets.
    """
    shown = {
        warning.object
        for change in plan.changes
        if verbose or change.action is not Action.NO_OP
        for warning in change.warnings
    }
    others = {resource.label for resource in desired} - shown
    return tuple(item for item in diagnostics if item.object in others)


def _by_object(diagnostics: Iterable[Diagnostic]) -> dict[str, list[Diagnostic]]:
    by_object: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.WARNING:
            by_object[diagnostic.object].append(diagnostic)
    return by_object
