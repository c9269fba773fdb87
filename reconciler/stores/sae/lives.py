"""Turns Secrets of the service, and what a set records of them, into live objects."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.objects import Applied, Live, ObjectKey
from reconciler.model.plans import FieldPath
from reconciler.stores.kit.entries import Copy, Entry
from reconciler.stores.sae import wire
from reconciler.stores.sae.service import Secret


def live(
    key: ObjectKey,
    secret: Secret,
    entry: Entry,
    set_name: str,
    fingerprinter: Fingerprinter | None = None,
) -> Live:
    """A Secret as a live object, owned by the set if its `entry` says so.

    Without `fingerprinter`, a pending write counts as not done.
    """
    current = {} if entry.pending is None else fingerprints(key, secret, fingerprinter)
    applied = entry.applied(set_name, secret.item.id, current)
    return Live(
        key=key,
        generate_name=entry.generate_name if applied else "",
        type=secret.item.type,
        immutable=entry.immutable and applied is not None,
        data=wire.data_of(secret.raw),
        uid=str(secret.item.id),
        resource_version=str(secret.item.updated),
        created=wire.time_text(secret.item.created),
        applied=applied,
    )


def fingerprints(
    key: ObjectKey, secret: Secret, fingerprinter: Fingerprinter | None
) -> dict[FieldPath, str]:
    """The fingerprints of the values of a Secret; none without `fingerprinter`."""
    if fingerprinter is None:
        return {}
    values = {("data", name): value for name, value in wire.data_of(secret.raw).items()}
    return {path: fingerprinter.of(key.namespace, path, value) for path, value in values.items()}


def copied(key: ObjectKey, secret: Secret, copy: Copy, set_name: str) -> Live:
    """The original of a copy."""
    fields = copy.fields
    return replace(
        live(key, secret, Entry(), set_name),
        generate_name=copy.generate_name,
        immutable=copy.immutable,
        uid=str(copy.id),
        resource_version=str(copy.updated),
        created=wire.time_text(copy.created),
        applied=None
        if fields is None
        else Applied(set_name=set_name, fields=fields, ciphertexts=copy.ciphertexts or {}),
    )
