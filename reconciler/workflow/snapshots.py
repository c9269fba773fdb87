"""Snapshots: what a store holds for a set, as a file without values."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.errors import ConfigError
from reconciler.manifests import Loaded
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES, Fingerprinter, PublicSalt
from reconciler.model.store import Capability, Store
from reconciler.planning import planner
from reconciler.stores.snapshot.document import packed
from reconciler.stores.snapshot.seen import seen_of
from reconciler.workflow.environments import Environment, refuse_errors
from reconciler.workflow.planned import read


@dataclass(frozen=True, slots=True)
class Taken:
    """The ``content`` of a snapshot file, and of how many objects it is."""

    content: bytes = field(repr=False)
    objects: int


def taken(
    environment: Environment, loaded: Loaded, store: Store, *, now: datetime, commit: str
) -> Taken:
    """Read what a plan of `loaded` would see of `store`, and leave out all values.

    Raises:
        InvalidManifests: the manifests have errors.
        ConfigError: there is no store, or one whose fingerprints are for no one else to see.
        StoreError: it cannot be read.
    """
    refuse_errors(loaded)
    if Capability.WRITES not in store.capabilities:
        raise ConfigError("a snapshot is taken of a store that holds Secrets, and this one is read")
    snapshot = read(loaded.objects, store, environment.options, unmanaged=True)
    if not snapshot.exists:
        raise ConfigError(
            "the store does not exist, so there is nothing to take a snapshot of",
            hint="check --store, or apply once before the first snapshot",
        )
    key = snapshot.fingerprint_key
    if isinstance(key, PublicSalt):
        raise ConfigError(
            "without a fingerprint key, whoever has a snapshot of this store could test guesses",
            hint="set RECONCILER_FINGERPRINT_KEY for apply and for snapshot",
        )
    key = key or secrets.token_bytes(FINGERPRINT_KEY_BYTES)
    seen = seen_of(
        snapshot,
        planner.scope(loaded.objects, environment.options),
        Fingerprinter(key),
        created=now.isoformat(timespec="seconds"),
        commit=commit,
    )
    return Taken(packed(seen, key), len(seen.objects))
