"""``--create-namespaces``: the namespaces that objects name and no manifest declares."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.objects import NAMESPACE, Desired, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.store import Capability, Snapshot


def with_namespaces(
    desired: Sequence[Desired], snapshot: Snapshot, options: PlanOptions
) -> Sequence[Desired]:
    """`desired`, and where the option asks for it, the namespaces that have to be made for it.

    Those that the set has made before are among them, since it would lose them otherwise; those of
    others are not. Each has the place of the first object in it.
    """
    if not options.create_namespaces or Capability.NAMESPACES not in snapshot.capabilities:
        return desired
    declared = {resource.key for resource in desired}
    made: dict[ObjectKey, Desired] = {}
    for resource in desired:
        key = ObjectKey(NAMESPACE, "", resource.namespace)
        if resource.namespace and key not in declared and _is_to_make(key, snapshot, options):
            made.setdefault(key, Desired(key=key, source=resource.source))
    return (*desired, *made.values())


def _is_to_make(key: ObjectKey, snapshot: Snapshot, options: PlanOptions) -> bool:
    live = snapshot.objects.get(key)
    if live is None:
        return key not in snapshot.bystanders
    return live.applied is not None and live.applied.set_name == options.set_name
