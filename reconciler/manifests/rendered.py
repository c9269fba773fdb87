"""Objects in what a program printed: their places, and whether a second run prints the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.manifests.decoded import Decoded, Skipped
from reconciler.model.inputs import Rendered
from reconciler.model.objects import Desired, Diagnostic, Severity, Source

_MAPS = ("data", "labels", "annotations", "settings")
_FIELDS = ("type", "immutable", "finalizers", "owners")


def placed(result: Decoded, rendered: Rendered) -> Decoded:
    """`result`, whose places are those in the output, with what they are called."""
    if isinstance(result, Skipped):
        consumers = (
            replace(item, manifest=_place_of(item.manifest, rendered)) for item in result.consumers
        )
        made = (replace(item, manifest=_place_of(item.manifest, rendered)) for item in result.made)
        return replace(result, consumers=tuple(consumers), made=tuple(made))
    diagnostics = tuple(_placed(item, rendered) for item in result.diagnostics)
    if result.desired is None:
        return replace(result, diagnostics=diagnostics)
    return replace(
        result,
        diagnostics=diagnostics,
        desired=replace(result.desired, source=rendered.place(result.desired.source)),
        owners=tuple((key, _placed(item, rendered)) for key, item in result.owners),
    )


def compared(results: Iterable[Decoded], again: Sequence[Decoded]) -> Iterator[Decoded]:
    """`results` with a warning for each object that a second run printed otherwise."""
    second = {
        result.desired.key: result.desired
        for result in again
        if not isinstance(result, Skipped) and result.desired
    }
    for result in results:
        desired = None if isinstance(result, Skipped) else result.desired
        if desired is None or isinstance(result, Skipped):
            yield result
            continue
        different = [*_differences(desired, second.get(desired.key))]
        warnings = (_unstable(desired, different),) if different else ()
        yield replace(result, diagnostics=(*result.diagnostics, *warnings))


def _placed(item: Diagnostic, rendered: Rendered) -> Diagnostic:
    return replace(item, source=rendered.place(item.source))


def _place_of(manifest: str, rendered: Rendered) -> str:
    """``FILE:LINE`` of what uses a Secret, or makes one."""
    file, _, line = manifest.rpartition(":")
    place = rendered.place(Source(file, int(line), 1))
    return f"{place.file}:{place.line}"


def _differences(first: Desired, second: Desired | None) -> Iterator[str]:
    """The fields of `first` that `second` has not, or otherwise."""
    if second is None:
        yield "the object"
        return
    for name in _MAPS:
        here, there = getattr(first, name), getattr(second, name)
        for key in sorted({*here, *there}):
            if here.get(key) != there.get(key):
                yield f"{name}.{key}"
    yield from (name for name in _FIELDS if getattr(first, name) != getattr(second, name))


def _unstable(desired: Desired, different: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code="source-unstable",
        message=f"two runs of the program print this differently: {', '.join(different)}",
        field="",
        source=desired.source,
        object=desired.label,
        hint="no plan will ever be empty; draw random values once, and keep them elsewhere",
    )
