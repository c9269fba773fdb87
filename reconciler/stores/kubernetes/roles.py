"""The least rights that each command needs, as roles of Kubernetes.

API reference: Role v1 and ClusterRole v1 rbac.authorization.k8s.io.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.rules.consumers import CONSUMER_GROUPS
from reconciler.stores.kubernetes.paths import plural
from reconciler.stores.kubernetes.rights import (
    CORE,
    EVENT_VERBS,
    EVENTS_GROUP,
    LEASE_VERBS,
    LEASES_GROUP,
    object_name,
)
from reconciler.stores.kubernetes.rollouts import RESTARTABLE

_READING = ("get", "list")
_MANAGED = ("secrets", "serviceaccounts")


class Purpose(StrEnum):
    """What somebody is to be allowed."""

    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"
    UNLOCK = "unlock"
    RELEASE = "release"


_CHANGING = {Purpose.APPLY: ("create", "patch", "delete"), Purpose.RELEASE: ("patch",)}
"""What may be done to the objects of the set, by the purposes that change any."""
_SEEING_THE_LOCK = {Purpose.UNLOCK: ("get", "delete"), Purpose.DRIFT: ("get",)}
"""What may be done to the lock, by the purposes that never take it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Verbs on resources of one group; of all names where ``names`` is empty."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """A Role, or a ClusterRole where ``namespace`` is empty."""

    name: str
    namespace: str
    rules: tuple[Rule, ...]


_CONSUMERS = tuple(
    Rule(
        group,
        tuple(sorted(plural(kind) for kind in CONSUMER_GROUPS if CONSUMER_GROUPS[kind] == group)),
        ("list",),
    )
    for group in sorted(set(CONSUMER_GROUPS.values()))
)


_RESTARTS = Rule(CONSUMER_GROUPS[RESTARTABLE[0]], tuple(map(plural, RESTARTABLE)), ("get", "patch"))
"""What a restart takes: the workload is read, patched, and looked at until its Pods are new."""


def roles(
    purpose: Purpose,
    set_name: str,
    set_namespace: str,
    namespaces: Sequence[str] = (),
    *,
    consumers: bool = False,
    restarts: bool = False,
    events: bool = False,
) -> tuple[Role, ...]:
    """The roles for `purpose`: for the whole cluster, or for `namespaces` alone where given.

    A set within namespaces reads them and changes none: that is what the whole cluster is for. What
    a set has for itself lies in `set_namespace`.
    """
    name = f"reconciler-{set_name}-{purpose}"
    writing = (Rule(EVENTS_GROUP, ("events",), EVENT_VERBS),) if events else ()
    restarting = (_RESTARTS,) if restarts and purpose is Purpose.APPLY else ()
    extra = (*(_CONSUMERS if consumers or restarts else ()), *restarting, *writing)
    verbs = (*_READING, *_CHANGING.get(purpose, ()))
    own = _lock(purpose, set_name)
    if purpose is Purpose.UNLOCK:
        return (Role(name, set_namespace, own),)
    if not namespaces:
        everywhere = Rule(CORE, (*_MANAGED, "namespaces"), verbs)
        roles = [Role(name, "", (everywhere, *extra))]
        return (*roles, Role(name, set_namespace, own)) if own else tuple(roles)
    roles = []
    for namespace in dict.fromkeys(namespaces):
        rules = (Rule(CORE, _MANAGED, verbs), Rule(CORE, ("namespaces",), ("get",), (namespace,)))
        is_home = namespace == set_namespace
        roles.append(Role(name, namespace, (*rules, *(own if is_home else ()), *extra)))
    if set_namespace not in namespaces:
        reading = Rule(CORE, _MANAGED, _READING)
        rules = (reading, *_parent(purpose, set_name), *own, *writing)
        roles.append(Role(name, set_namespace, rules))
    return tuple(roles)


def manifests(roles: Iterable[Role]) -> str:
    """The roles as YAML for ``kubectl apply -f -``, each with how to bind it in a comment."""
    return "---\n".join("\n".join([*_binding(role), *_document(role), ""]) for role in roles)


def _parent(purpose: Purpose, set_name: str) -> tuple[Rule, ...]:
    """The Secret that the set has for itself.

    A server does not know the name of what is created when it decides.
    """
    if purpose not in _CHANGING:
        return ()
    birth = (Rule(CORE, ("secrets",), ("create",)),) if purpose is Purpose.APPLY else ()
    return (*birth, Rule(CORE, ("secrets",), ("patch",), (object_name(set_name),)))


def _lock(purpose: Purpose, set_name: str) -> tuple[Rule, ...]:
    """The Lease, by which one apply of the set runs at a time; a check tells if it is held."""
    if purpose in _SEEING_THE_LOCK:
        verbs = _SEEING_THE_LOCK[purpose]
        return (Rule(LEASES_GROUP, ("leases",), verbs, (object_name(set_name),)),)
    if purpose not in _CHANGING:
        return ()
    named = tuple(verb for verb in LEASE_VERBS if verb != "create")
    return (
        Rule(LEASES_GROUP, ("leases",), ("create",)),
        Rule(LEASES_GROUP, ("leases",), named, (object_name(set_name),)),
    )


def _binding(role: Role) -> Iterator[str]:
    yield "# Bind it to a ServiceAccount, or with --user or --group to somebody else:"
    if role.namespace:
        command = f"rolebinding {role.name} --namespace={role.namespace} --role={role.name}"
    else:
        command = f"clusterrolebinding {role.name} --clusterrole={role.name}"
    yield f"#   kubectl create {command} --serviceaccount=NAMESPACE:NAME"


def _document(role: Role) -> Iterator[str]:
    yield "apiVersion: rbac.authorization.k8s.io/v1"
    yield f"kind: {'Role' if role.namespace else 'ClusterRole'}"
    yield "metadata:"
    yield f"  name: {_quoted(role.name)}"
    if role.namespace:
        yield f"  namespace: {_quoted(role.namespace)}"
    yield "rules:"
    for rule in role.rules:
        yield f"- apiGroups: {_list((rule.group,))}"
        yield f"  resources: {_list(rule.resources)}"
        if rule.names:
            yield f"  resourceNames: {_list(rule.names)}"
        yield f"  verbs: {_list(rule.verbs)}"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    """A name as a YAML string; names hold neither quotes nor backslashes."""
    return f'"{text}"'
