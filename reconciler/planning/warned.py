"""The warnings of manifests beside the changes that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.objects import Desired, Diagnostic, ObjectKey, Severity
from reconciler.model.plans import Change, Note


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


def _by_object(diagnostics: Iterable[Diagnostic]) -> dict[str, list[Diagnostic]]:
    by_object: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.WARNING:
            by_object[diagnostic.object].append(diagnostic)
    return by_object
