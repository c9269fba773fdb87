"""Applies patches for stores whose service has none."""

from __future__ import annotations

from reconciler.errors import ObjectInvalid
from reconciler.model.documents import from_document, to_document
from reconciler.model.objects import Live, Resource
from reconciler.model.patches import Operation, PatchMisfit, patched


def updated(live: Live, patch: tuple[Operation, ...]) -> Resource:
    """What `patch` makes of `live`.

    Raises:
        ObjectInvalid: the patch does not fit the object.
    """
    try:
        document = patched(to_document(live), patch)
    except PatchMisfit:
        raise ObjectInvalid(f"{live.key}: the patch does not fit the object") from None
    return from_document(live.key, document, live.generate_name)
