"""The rights that an apply needs, and those that a user lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.model.objects import NAMESPACE, ObjectKey
from reconciler.model.plans import Action
from reconciler.rules.consumers import CONSUMER_GROUPS
from reconciler.stores.kubernetes.paths import plural

CORE = ""
LEASES_GROUP = "coordination.k8s.io"
LEASE_VERBS = ("get", "create", "update", "delete")
EVENTS_GROUP = "events.k8s.io"
EVENT_VERBS = ("create", "list", "patch")

_STEPS = {
    Action.CREATE: ("create",),
    Action.UPDATE: ("patch",),
    Action.REPLACE: ("delete", "create"),
    Action.DELETE: ("delete",),
    Action.RELEASE: ("patch",),
    Action.RESTART: ("get", "patch"),
}


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One thing that a user may do (API reference: ResourceAttributes v1 authorization.k8s.io).

    ``namespace`` is empty for all namespaces and for what is in none, ``name`` for any name.
    """

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """``patch secrets "db" in the namespace "shop"``."""
        group = f".{self.group}" if self.group else ""
        name = f' "{self.name}"' if self.name else ""
        where = f' in the namespace "{self.namespace}"' if self.namespace else ""
        return f"{self.verb} {self.resource}{group}{name}{where}"


def object_name(set_name: str) -> str:
    """The name of the Secret and of the Lease that a set has for itself."""
    return f"reconciler-{set_name}"


def needed(
    set_name: str, set_namespace: str, work: Sequence[tuple[Action, ObjectKey]]
) -> tuple[Right, ...]:
    """The rights that `work` and the set's own objects need, sorted, each once.

    Reading is not among them: whoever has planned has read. A right to create has no name, as the
    server does not know it yet when it decides.
    """
    rights = {right for action, key in work for right in _of_step(action, key)}
    own = object_name(set_name)
    if {action for action, _ in work} != {Action.RELEASE}:  # the parent of what it owns exists
        rights.add(Right("create", CORE, "secrets", set_namespace))
    rights.add(Right("patch", CORE, "secrets", set_namespace, own))
    for verb in LEASE_VERBS:
        name = "" if verb == "create" else own
        rights.add(Right(verb, LEASES_GROUP, "leases", set_namespace, name))
    return tuple(sorted(rights))


def missing(rights: Iterable[Right], is_allowed: Callable[[Right], bool]) -> tuple[Right, ...]:
    """Those of `rights` that are not there, in their order.

    Asks for the widest first: for all namespaces, then for a whole namespace, then by name; so an
    administrator is asked about a handful, whatever the number of objects. `is_allowed` is called
    once for each.
    """
    answers: dict[Right, bool] = {}

    def holds(right: Right) -> bool:
        if right not in answers:
            answers[right] = is_allowed(right)
        return answers[right]

    return tuple(right for right in rights if not any(map(holds, _widest_first(right))))


def _of_step(action: Action, key: ObjectKey) -> Iterator[Right]:
    # The server takes a request for a Namespace to be one within it.
    namespace = key.name if key.kind == NAMESPACE else key.namespace
    if action is Action.REPLACE:
        # The copy that is kept beside the object until the new one exists.
        for verb in ("create", "delete", "patch"):
            yield Right(verb, CORE, "secrets", key.namespace)
    for verb in _STEPS.get(action, ()):
        if verb == "create":
            yield Right(verb, CORE, plural(key.kind), key.namespace)
        else:
            group = CONSUMER_GROUPS.get(key.kind, CORE)
            yield Right(verb, group, plural(key.kind), namespace, key.name)


def _widest_first(right: Right) -> Iterator[Right]:
    anywhere = replace(right, namespace="", name="")
    yield from dict.fromkeys((anywhere, replace(right, name=""), right))
