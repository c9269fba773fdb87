"""What a set holds, as JSON."""

from __future__ import annotations

from reconciler.model.listing import ListedObject, Listing
from reconciler.views.json.histories import run_document
from reconciler.views.json.parts import Document, key_document, serialised, store_document

LISTING_FORMAT = "reconciler.listing/v1"


def listing(listing: Listing, configuration: str = "") -> str:
    """Every object, with the time at which it was created (``listing-v1.json``)."""
    return serialised(
        {
            "format": LISTING_FORMAT,
            "store": store_document(listing.store),
            "configuration": configuration or None,
            "set": listing.set_name,
            "lastRun": listing.last and run_document(listing.last),
            "objects": [_object(listed) for listed in listing.objects],
        }
    )


def _object(listed: ListedObject) -> Document:
    return {
        "key": key_document(listed.key),
        "type": listed.type,
        "immutable": listed.immutable,
        "dataKeys": list(listed.data_keys),
        "created": listed.created,
        "consumers": [key_document(key) for key in listed.consumers],
    }
