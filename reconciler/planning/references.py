"""References between objects: those that decide the order, and whose targets must exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from reconciler.model.fields import owner_key
from reconciler.model.lifecycle import DEPENDS_ON
from reconciler.model.objects import (
    KINDS,
    NAMESPACE,
    SECRET,
    SERVICE_ACCOUNT,
    Desired,
    Diagnostic,
    ObjectKey,
    Resource,
    Severity,
)

SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - a type
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"

_IN_NAMESPACE = "namespace"

# https://github.com/kubernetes-sigs/cli-utils pkg/object/dependson: GROUP/namespaces/NS/KIND/NAME,
# or GROUP/KIND/NAME for what has no namespace; the core group is empty.
_DEPENDENCY = re.compile(r"/namespaces/(?P<ns>[^/]+)/(?P<kind>[^/]+)/(?P<name>[^/]+)")
_CLUSTER_DEPENDENCY = re.compile(r"/(?P<kind>[^/]+)/(?P<name>[^/]+)")


class Reference(NamedTuple):
    """A dependency on another object; ``field`` is where it is declared, empty if it is implied."""

    target: ObjectKey
    what: str
    field: str


def references_of(resource: Resource) -> Iterator[Reference]:
    """Everything that `resource` refers to and that must exist before it."""
    kind, namespace, _ = resource.key
    if namespace:
        yield _to_namespace(namespace)
    if resource.type == SERVICE_ACCOUNT_TOKEN and kind == SECRET:
        account = resource.annotations.get(SERVICE_ACCOUNT_NAME)
        if account:
            yield Reference(
                ObjectKey(SERVICE_ACCOUNT, resource.namespace, account),
                "ServiceAccount",
                f"metadata.annotations[{SERVICE_ACCOUNT_NAME}]",
            )
    for index, owner in enumerate(resource.owners):
        field = f"metadata.ownerReferences[{index}]"
        yield Reference(owner_key(owner, resource.namespace), "owner", field)
    if DEPENDS_ON in resource.annotations:
        for dependency in _dependencies(resource):
            if isinstance(dependency, ObjectKey):
                yield Reference(dependency, "dependency", f"metadata.annotations[{DEPENDS_ON}]")


@lru_cache
def _to_namespace(name: str) -> Reference:
    return Reference(ObjectKey(NAMESPACE, "", name), _IN_NAMESPACE, "metadata.namespace")


def reference_problems(
    references: Iterable[tuple[Desired, Iterable[Reference]]],
    missing: Collection[ObjectKey],
    *,
    namespaces: bool,
) -> Iterator[Diagnostic]:
    """Errors for references to objects that are neither in the manifests nor in the store.

    `missing` are their targets. `namespaces` says whether the store has namespaces and accounts.
    """
    if not missing:
        return
    homeless: dict[ObjectKey, list[Desired]] = {}
    for resource, referred in references:
        for reference in referred:
            if reference.target not in missing:
                continue
            if namespaces and reference.what == _IN_NAMESPACE:
                homeless.setdefault(reference.target, []).append(resource)
                continue
            if not namespaces and reference.target.kind in {NAMESPACE, SERVICE_ACCOUNT}:
                continue
            if reference.what == "owner" and reference.target.kind not in KINDS:
                continue  # stores do not hold such objects, so the manifest's uid is used
            yield problem(
                resource,
                "reference-unknown",
                reference.field,
                f"neither the manifests nor the store hold the {reference.what} {reference.target}",
                f"add a manifest for {reference.target}, or correct the name",
            )
    if homeless:
        yield _without_namespace(homeless)


def _without_namespace(homeless: Mapping[ObjectKey, Sequence[Desired]]) -> Diagnostic:
    """One error for all namespaces that are missing, however many objects are to be in them."""
    places = [
        f"{target} ({inside[0].source.file}:{inside[0].source.line}"
        + (f" and {len(inside) - 1} more)" if len(inside) > 1 else ")")
        for target, inside in sorted(homeless.items())
    ]
    first, *more = sorted(homeless)
    if more:
        missing, wanted = f"{len(places)} namespaces: {', '.join(places)}", "manifests such as"
    else:  # the diagnostic has the place of the first object
        count = len(homeless[first])
        missing = f"the namespace {first.name}" + (
            f" ({count} objects name it)" if count > 1 else ""
        )
        wanted = "the manifest"
    example = f"apiVersion: v1, kind: Namespace, metadata: {{name: {first.name}}}"
    return problem(
        homeless[first][0],
        "reference-unknown",
        "metadata.namespace",
        f"neither the manifests nor the store hold {missing}",
        f"plan with --create-namespaces, add {wanted} {{{example}}}, or correct the namespace",
    )


def dependency_problems(resource: Desired) -> Iterator[Diagnostic]:
    """Errors for entries of the depends-on annotation that name no object."""
    for number, entry in enumerate(_dependencies(resource), start=1):
        if isinstance(entry, str):
            yield problem(
                resource,
                "depends-on-invalid",
                f"metadata.annotations[{DEPENDS_ON}]",
                f"entry {number} does not name an object",
                "write /namespaces/NAMESPACE/Secret/NAME, or /Namespace/NAME",
            )


def _dependencies(resource: Resource) -> Iterator[ObjectKey | str]:
    """The entries of the depends-on annotation; text if an entry does not name an object."""
    annotation = resource.annotations.get(DEPENDS_ON)
    if annotation is None:
        return
    for entry in annotation.split(","):
        text = entry.strip()
        if match := _DEPENDENCY.fullmatch(text):
            yield ObjectKey(match["kind"], match["ns"], match["name"])
        elif match := _CLUSTER_DEPENDENCY.fullmatch(text):
            yield ObjectKey(match["kind"], "", match["name"])
        else:
            yield text


def problem(resource: Desired, code: str, field: str, message: str, hint: str) -> Diagnostic:
    """An error in the manifest of `resource`, at the beginning of the object."""
    return Diagnostic(
        severity=Severity.ERROR,
        code=code,
        message=message,
        field=field,
        source=resource.source,
        object=str(resource.key),
        hint=hint,
    )
