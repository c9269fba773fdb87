"""What an API server says of an object's metadata.

From Kubernetes v1.35: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, and for finalizers and
the kinds' names k8s.io/kubernetes/pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.objects import (
    NAMESPACE,
    SERVICE_ACCOUNT,
    OwnerReference,
    Resource,
    Severity,
)
from reconciler.rules.names import (
    LABEL,
    LABEL_VALUE,
    QUALIFIED_NAME_RULE,
    SUBDOMAIN,
    SUFFIX_LENGTH,
    are_label_values,
    are_qualified_names,
    generated_name,
    is_label_value,
    is_namespace_name,
    is_qualified_name,
    qualified_name_fault,
    shown,
    without_trailing_dash,
)
from reconciler.rules.violations import RulePath, Violation

ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all keys and values of the annotations together."""

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that a server sets on every Namespace, whatever the manifest says."""

_NAMES = {NAMESPACE: LABEL}
"""What names are, where they are not subdomains."""

_ORPHAN = "orphan"
_FOREGROUND = "foregroundDeletion"
_UNQUALIFIED_FINALIZERS = {_ORPHAN, _FOREGROUND, "kubernetes"}
_MOUNTABLE_SECRETS = "kubernetes.io/enforce-mountable-secrets"
_ANY_SUFFIX = "x" * SUFFIX_LENGTH


def metadata_violations(resource: Resource) -> Iterable[Violation]:
    """Every rule of ``metadata`` that `resource` breaks (ValidateObjectMeta)."""
    violations: list[Violation] = []
    kind, namespace, name = resource.key
    labels, annotations = resource.labels, resource.annotations
    if resource.generate_name or not _NAMES.get(kind, SUBDOMAIN).allows(name):
        violations += _name(resource)
    if kind == NAMESPACE or not is_namespace_name(namespace):
        violations += _namespace(resource)
    # Most labels and annotations conform, which takes less to see than which of them do not.
    if labels and (
        kind == NAMESPACE or not (are_qualified_names(labels) and are_label_values(labels.values()))
    ):
        violations += _labels(resource)
    if annotations and (
        kind == SERVICE_ACCOUNT
        or not are_qualified_names([*map(str.lower, annotations)])
        or _size(annotations) > ANNOTATIONS_LIMIT
    ):
        violations += _annotations(resource)
    if resource.finalizers:
        violations += _finalizers(resource.finalizers)
    if resource.owners:
        violations += _owners(resource.owners)
    return violations


def _name(resource: Resource) -> Iterator[Violation]:
    """ValidateObjectMetaAccessor, NameIsDNSSubdomain, NameIsDNSLabel."""
    grammar = _NAMES.get(resource.kind, SUBDOMAIN)
    name, prefix = resource.name, resource.generate_name
    if name and not grammar.allows(name):
        yield Violation(("metadata", "name"), "name-invalid", grammar.fault(name), grammar.rule)
    if not name and not prefix:
        yield Violation(
            ("metadata", "name"),
            "name-missing",
            "the object has no name",
            "set metadata.name, or metadata.generateName for a generated one",
        )
    if not prefix:
        return
    judged = [without_trailing_dash(prefix)] + [generated_name(prefix, _ANY_SUFFIX)] * (not name)
    if not all(map(grammar.allows, judged)):
        yield Violation(
            ("metadata", "generateName"),
            "generate-name-invalid",
            f"{shown(prefix)} does not begin {grammar.noun} of at most {grammar.limit} characters",
            f"{grammar.rule}; a '-' at the end is fine",
        )


def _namespace(resource: Resource) -> Iterator[Violation]:
    """validateObjectMetaAccessorWithOptsCommon, ValidateNamespaceName."""
    path = ("metadata", "namespace")
    namespace = resource.namespace
    if resource.kind == NAMESPACE:
        if namespace:
            yield Violation(
                path,
                "namespace-forbidden",
                "a Namespace is in no namespace itself",
                "remove metadata.namespace",
            )
    elif not namespace:
        yield Violation(
            path, "namespace-missing", "the object has no namespace", "set metadata.namespace"
        )
    elif not LABEL.allows(namespace):
        yield Violation(path, "namespace-invalid", LABEL.fault(namespace), LABEL.rule)


def _labels(resource: Resource) -> Iterator[Violation]:
    """ValidateLabels (apimachinery pkg/apis/meta/v1/validation); Namespaces: Canonicalize."""
    for key, value in resource.labels.items():
        if not is_qualified_name(key):
            yield Violation(
                ("metadata", "labels", key),
                "label-key-invalid",
                qualified_name_fault(key),
                QUALIFIED_NAME_RULE,
                of_key=True,
            )
        if not is_label_value(value):
            yield Violation(
                ("metadata", "labels", key),
                "label-value-invalid",
                _label_value_fault(value),
                LABEL_VALUE.rule,
            )
    if (
        NAMESPACE_NAME_LABEL in resource.labels
        and resource.kind == NAMESPACE
        and resource.labels[NAMESPACE_NAME_LABEL] != resource.name
        and resource.name
    ):
        yield Violation(
            ("metadata", "labels", NAMESPACE_NAME_LABEL),
            "label-overwritten",
            f"the API server sets this label to {shown(resource.name)}, the Namespace's name",
            "remove the label",
            Severity.WARNING,
        )


def _label_value_fault(value: str) -> str:
    """Say what is wrong with `value`, and not what it is: labels may repeat a value of ``data``."""
    if len(value) > LABEL_VALUE.limit:
        return f"this has {len(value)} characters, {LABEL_VALUE.noun} at most {LABEL_VALUE.limit}"
    return f"this is not {LABEL_VALUE.noun}"


def _annotations(resource: Resource) -> Iterator[Violation]:
    """ValidateAnnotations; ServiceAccounts: warnIfHasEnforceMountableSecretsAnnotation."""
    for key in resource.annotations:
        if not is_qualified_name(key.lower()):
            yield Violation(
                ("metadata", "annotations", key),
                "annotation-key-invalid",
                qualified_name_fault(key.lower()),
                QUALIFIED_NAME_RULE,
                of_key=True,
            )
    size = _size(resource.annotations)
    if size > ANNOTATIONS_LIMIT:
        yield Violation(
            ("metadata", "annotations"),
            "annotations-too-large",
            f"keys and values have {size:,} bytes together, at most {ANNOTATIONS_LIMIT:,}",
            "keep large content out of annotations",
        )
    if _MOUNTABLE_SECRETS in resource.annotations and resource.kind == SERVICE_ACCOUNT:
        yield Violation(
            ("metadata", "annotations", _MOUNTABLE_SECRETS),
            "annotation-deprecated",
            "deprecated since Kubernetes 1.32",
            "keep Secrets apart with namespaces of their own",
            Severity.WARNING,
        )


def _finalizers(finalizers: tuple[str, ...]) -> Iterator[Violation]:
    """ValidateFinalizers, validateKubeFinalizerName."""
    for index, finalizer in enumerate(finalizers):
        yield from finalizer_violations(finalizer, ("metadata", "finalizers", index))
    if _ORPHAN in finalizers and _FOREGROUND in finalizers:
        yield Violation(
            ("metadata", "finalizers"),
            "finalizers-conflict",
            f"{_ORPHAN} and {_FOREGROUND} exclude each other",
            "keep one of them",
        )


def finalizer_violations(finalizer: str, path: RulePath) -> Iterator[Violation]:
    """What is wrong with the name of a finalizer: validateKubeFinalizerName."""
    fault = qualified_name_fault(finalizer)
    if not fault and "/" not in finalizer and finalizer not in _UNQUALIFIED_FINALIZERS:
        fault = f"{shown(finalizer)} has no prefix and is none of Kubernetes' own finalizers"
    if fault:
        yield Violation(
            path,
            "finalizer-invalid",
            fault,
            "write the finalizer as DOMAIN/NAME, for example example.com/cleanup",
        )


def _owners(owners: tuple[OwnerReference, ...]) -> Iterator[Violation]:
    """ValidateOwnerReferences, after dedupOwnerReferences (apiserver pkg/endpoints/handlers)."""
    seen: set[OwnerReference] = set()
    controller: OwnerReference | None = None
    for index, owner in enumerate(owners):
        path = ("metadata", "ownerReferences", index)
        if owner in seen:
            yield Violation(
                path,
                "owner-duplicate",
                "the reference stands here twice, and the API server drops this one",
                "remove it",
                Severity.WARNING,
            )
            continue
        seen.add(owner)
        yield from _owner(owner, index)
        if owner.controller and controller:
            yield Violation(
                (*path, "controller"),
                "owner-controller-conflict",
                f"{shown(controller.kind)} {shown(controller.name)} is the controller already",
                "set controller to true for one owner at most",
            )
        elif owner.controller:
            controller = owner


def _owner(owner: OwnerReference, index: int) -> Iterator[Violation]:
    """Upstream: validateOwnerReference."""
    path = ("metadata", "ownerReferences", index)
    group, version = _group_and_version(owner.api_version)
    required = {
        "apiVersion": version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
    }
    for field, value in required.items():
        if not value:
            yield Violation(
                (*path, field),
                "owner-field-missing",
                f"the owner has no {'version' if field == 'apiVersion' else field}",
                "copy apiVersion, kind, name and uid from the owner as it stands in the store",
            )
    if (group, version, owner.kind) == ("", "v1", "Event"):
        yield Violation(
            path, "owner-forbidden", "an Event cannot be an owner", "remove the reference"
        )


def _group_and_version(api_version: str) -> tuple[str, str]:
    """FromAPIVersionAndKind (apimachinery pkg/runtime/schema); empty where it has no such form."""
    group, _, version = api_version.rpartition("/")
    return ("", "") if "/" in group else (group, version)


def _size(texts: Mapping[str, str]) -> int:
    """The bytes of all keys and values together."""
    joined = "".join((*texts, *texts.values()))
    return len(joined) if joined.isascii() else len(joined.encode("utf-8", "surrogatepass"))
