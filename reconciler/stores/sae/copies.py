"""Copies of Secrets that a replace deletes, each a Secret beside the one that it is a copy of."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace

from reconciler.errors import ObjectNotFound
from reconciler.model.objects import Live
from reconciler.stores.kit.documents import COPY_PREFIX, digest_of
from reconciler.stores.kit.entries import Copy, Fields
from reconciler.stores.sae.service import Secret, Service
from reconciler.stores.sae.spots import Spot

_NAME_DIGITS = 16


def keep(
    service: Service, spot: Spot, secret: Secret, live: Live, taken: Fields | None = None
) -> None:
    """Record that there will be a copy of a Secret, which is `live`, and create it.

    `taken` is the record of the set that hands it over, where one does.
    """
    entry = spot.entry
    copy = Copy(
        name=_name(spot),
        id=secret.item.id,
        created=secret.item.created,
        updated=secret.item.updated,
        fields=taken if live.applied is None else live.applied.fields,
        ciphertexts=entry.ciphertexts,
        generate_name=live.generate_name,
        immutable=live.immutable,
    )
    spot.record(replace(entry, copy=copy))
    _delete(service, spot, copy.name)  # an earlier apply may have left one
    service.create(spot.namespace_id, copy.name, secret.item.type, secret.raw, _about(spot))


def drop(service: Service, spot: Spot) -> None:
    """Delete the copy of a Secret, if there is one."""
    entry = spot.entry
    if entry.copy is not None:
        _delete(service, spot, entry.copy.name)
        spot.record(replace(entry, copy=None))


def _delete(service: Service, spot: Spot, name: str) -> None:
    item = service.list(spot.namespace_id, _about(spot)).get(name)
    if item is not None:
        with suppress(ObjectNotFound):
            service.delete(spot.namespace_id, item.id, _about(spot))


def _name(spot: Spot) -> str:
    digest = hashlib.sha256(spot.key.name.encode()).hexdigest()[:_NAME_DIGITS]
    return f"{COPY_PREFIX}{digest_of(spot.set_name)}_{digest}"


def _about(spot: Spot) -> str:
    return f"the copy of {spot.key}"
