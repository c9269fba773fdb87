"""RFC 6902 patches over documents: made here, and applied by jsonpatch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    """A patch does not fit the document; the message quotes neither."""


def difference(before: Document, after: Document) -> tuple[Operation, ...]:
    """The patch that turns `before` into `after`, in an order that depends on nothing else.

    A saved plan is held against one that is formed again, so equal documents must make equal
    patches. Lists are replaced whole, which fits however the live list repeats itself.
    """
    return tuple(_difference("", before, after))


def _difference(path: str, before: Document, after: Document) -> Iterator[Operation]:
    for name in sorted(before.keys() | after.keys()):
        if name in before and name in after and before[name] == after[name]:
            continue
        pointer = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in after:
            yield Operation("remove", pointer)
        elif name not in before:
            yield Operation("add", pointer, after[name])
        elif isinstance(before[name], dict) and isinstance(after[name], dict):
            yield from _difference(pointer, before[name], after[name])
        else:
            yield Operation("replace", pointer, after[name])


def patched(document: Document, operations: Iterable[Operation]) -> Document:
    """A copy of `document` with `operations` applied.

    Raises:
        PatchMisfit: an operation does not fit the document.
    """
    import jsonpatch  # here, since only a store that patches by itself needs it

    steps = [to_json(operation) for operation in operations]
    try:
        result = jsonpatch.apply_patch(document, steps)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
        # What they say quotes the document.
        raise PatchMisfit("the patch does not fit the document") from None
    if not isinstance(result, dict):
        raise PatchMisfit("the patch leaves no document")
    return result


def to_json(operation: Operation) -> Document:
    """The operation as RFC 6902 writes it, its leaves as they are."""
    step: Document = {"op": operation.op, "path": operation.path}
    if operation.op != "remove":
        step["value"] = operation.value
    return step
