"""RFC 6902 patches of documents, applied by jsonpatch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.model.documents import Document


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an RFC 6902 patch.

    Leaves of ``value`` are JSON scalars, `ValueRef`s in a plan, `SecretValue`s on the way to a
    store.
    """

    op: str
    path: str
    value: Any = None


class PatchMisfit(Exception):
    """A patch does not match the document; the message quotes neither."""


def patched(document: Document, operations: Iterable[Operation]) -> Document:
    """A copy of `document` with `operations` applied.

    Raises:
        PatchMisfit: an operation does not match the document.
    """
    import jsonpatch  # imported here, since only stores that apply patches themselves need it

    steps = [to_json(operation) for operation in operations]
    try:
        result = jsonpatch.apply_patch(document, steps)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
        # Their messages quote the document.
        raise PatchMisfit("the patch does not fit the document") from None
    if not isinstance(result, dict):
        raise PatchMisfit("the patch leaves no document")
    return result


def to_json(operation: Operation) -> Document:
    """The operation as RFC 6902 writes it; leaves are unchanged."""
    step: Document = {"op": operation.op, "path": operation.path}
    if operation.op != "remove":
        step["value"] = operation.value
    return step
