"""What differs between two environments."""

from __future__ import annotations

import secrets

from reconciler.manifests import Loaded
from reconciler.model.difference import Difference
from reconciler.model.fingerprints import FINGERPRINT_KEY_BYTES, Fingerprinter
from reconciler.planning.between import objects_between
from reconciler.workflow.environments import refuse_errors


def difference(names: tuple[str, str], before: Loaded, after: Loaded) -> Difference:
    """Compare the manifests of two environments, called by their `names`.

    Raises:
        InvalidManifests: the manifests have errors.
    """
    for loaded in (before, after):
        refuse_errors(loaded)
    fingerprinter = Fingerprinter(secrets.token_bytes(FINGERPRINT_KEY_BYTES))
    return Difference(*names, objects_between(before.objects, after.objects, fingerprinter))
