"""Objects as ``kubectl get -o yaml`` writes them, with the fields that only a server sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.manifests.decoded import Decoded, Rejected
from reconciler.model.objects import Diagnostic

READ_ONLY = "field-read-only"
_HINT = (
    "write clean manifests of live objects with `reconciler import KIND/NAMESPACE/NAME --out FILE`,"
    " or remove these fields"
)


def summarised(results: Sequence[Decoded]) -> Sequence[Decoded]:
    """The results for a file, with one error in place of one for each field of each object."""
    read_only = [item for result in results for item in _read_only(result)]
    if len(read_only) <= 1:
        return results
    read_only.sort(key=lambda item: (item.source.line, item.source.column))
    first = _summary(read_only)
    summarised: list[Decoded] = []
    for result in results:
        if isinstance(result, Rejected) and any(_read_only(result)):
            rest = tuple(item for item in result.diagnostics if item.code != READ_ONLY)
            is_first = read_only[0] in result.diagnostics
            summarised.append(replace(result, diagnostics=(first, *rest) if is_first else rest))
        else:
            summarised.append(result)
    return summarised


def _read_only(result: Decoded) -> Sequence[Diagnostic]:
    if not isinstance(result, Rejected):
        return ()
    return [item for item in result.diagnostics if item.code == READ_ONLY]


def _summary(read_only: Sequence[Diagnostic]) -> Diagnostic:
    fields = sorted({item.field.rpartition(".")[2] for item in read_only})
    objects = {item.object for item in read_only}
    what = "the object comes" if len(objects) == 1 else f"{len(objects)} objects here come"
    return replace(
        read_only[0],
        message=f"{what} from a server, which alone sets {', '.join(fields)}",
        field="" if len(fields) > 1 else read_only[0].field,
        object=read_only[0].object if len(objects) == 1 else "",
        hint=_HINT,
    )
