"""The Secrets in which the store keeps what the service does not: their names, and their content.

Each has a single key, so that it makes no difference whether an update replaces or merges.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reconciler.errors import StoreDamaged
from reconciler.stores.sae.service import Found

INVENTORY_PREFIX = "reconciler_i_"
RECORD_PREFIX = "reconciler_s_"
LOCK_PREFIX = "reconciler_l_"
COPY_PREFIX = "reconciler_c_"
PREFIXES = (INVENTORY_PREFIX, RECORD_PREFIX, LOCK_PREFIX, COPY_PREFIX)
"""Of the names of the store's own Secrets. No name of Kubernetes has an underscore."""

TYPE = "Opaque"
_KEY = "reconciler"
_DIGEST_DIGITS = 10


def digest_of(set_name: str) -> str:
    """What stands for a set in the names of Secrets, which may not hold all that a set's may."""
    return hashlib.sha256(set_name.encode()).hexdigest()[:_DIGEST_DIGITS]


def to_raw(document: Mapping[str, Any]) -> dict[str, str]:
    """A document as the data of a Secret."""
    return {_KEY: base64.b64encode(json.dumps(document).encode()).decode()}


def from_raw(found: Found, about: str) -> dict[str, Any]:
    """The document that a Secret holds.

    Raises:
        StoreDamaged: it holds none.
    """
    try:
        document = json.loads(base64.b64decode(found.raw[_KEY], validate=True))
    except (KeyError, ValueError, RecursionError):
        raise damaged(about) from None
    if not isinstance(document, dict):
        raise damaged(about)
    return document


def damaged(about: str) -> StoreDamaged:
    """The error for a Secret of the store's own that somebody has changed."""
    return StoreDamaged(
        f"{about} is not as it was written",
        hint="put the Secret back as it was; or delete it, and plan with --adopt",
    )
