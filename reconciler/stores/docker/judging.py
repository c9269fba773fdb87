"""What a swarm refuses of an object, and of an update."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import rules
from reconciler.errors import ObjectInvalid
from reconciler.model.objects import Live, Resource
from reconciler.model.patches import Operation
from reconciler.model.values import UnreadValue
from reconciler.rules.metadata import metadata_violations
from reconciler.stores.docker import layout
from reconciler.stores.docker.annotations import ANNOTATIONS
from reconciler.stores.kit import patching
from reconciler.stores.kit.refusals import refuse


def violations(resource: Resource) -> Iterator[rules.Violation]:
    """The violations of an object; values that are not sent are not checked."""
    if any(isinstance(value, UnreadValue) for value in resource.data.values()):
        yield from metadata_violations(resource)
    else:
        yield from rules.refusals(resource)
    yield from layout.check(resource)


def updated_resource(live: Live, patch: tuple[Operation, ...]) -> Resource:
    """What `patch` makes of `live`.

    Raises:
        ObjectInvalid: it touches what only a replace can change, or makes something invalid.
    """
    updated = patching.updated(live, patch)
    if {*updated.data} != {*live.data} or any(
        updated.data[name] is not live.data[name] for name in live.data
    ):
        raise ObjectInvalid(f"{live.key}: data cannot be changed in a swarm, only replaced")
    reasons = rules.replace_reasons(
        live, updated.type, immutable=updated.immutable, data_changes=False
    )
    if reasons:
        raise ObjectInvalid(f"{live.key}: this needs a replace: {', '.join(reasons)}")
    changed = {
        name for name in ANNOTATIONS if live.annotations.get(name) != updated.annotations.get(name)
    }
    if changed:
        raise ObjectInvalid(
            f"{live.key}: {', '.join(sorted(changed))} can only change by a replace"
        )
    refuse(live.key, metadata_violations(updated))
    return updated
