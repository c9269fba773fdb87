"""Objects of other kinds that use Secrets, or cause other programs to make them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.manifests.fields import Fields
from reconciler.manifests.lints import OFF, LintSettings
from reconciler.manifests.nodes import Mapping as MappingNode
from reconciler.manifests.nodes import Node, Scalar
from reconciler.model.consumers import Consumer
from reconciler.model.lifecycle import LINT_IGNORE, ignored_lints, lifecycle
from reconciler.model.objects import (
    SECRET,
    SERVICE_ACCOUNT,
    Desired,
    Diagnostic,
    ObjectKey,
    Source,
)
from reconciler.rules import CONSUMER_GROUPS, account_consumers, consumers_of
from reconciler.rules.makers import ANY_NAMESPACE, CONNECTION, MAKERS, MadeSecret, secrets_made_by

# https://github.com/bitnami-labs/sealed-secrets#patching-existing-secrets
_SEALED_PATCH = "sealedsecrets.bitnami.com/patch"
_ELSEWHERE = (
    "add it, correct the reference, or mark it as optional; where it comes from elsewhere, lints "
    "in reconciler.yaml silence this"
)


def secrets_of(
    fields: Fields, kind: str, version: str, namespace: str
) -> tuple[tuple[Consumer, ...], tuple[MadeSecret, ...], frozenset[str]]:
    """The Secrets that this object uses, those made because of it, and the lints it is not for.

    Kinds that can do neither are not decoded.
    """
    group = version.rpartition("/")[0]
    uses = CONSUMER_GROUPS.get(kind) == group
    makes = (group, kind) in MAKERS or ("." in group and _is_connected(fields.root))
    if not (uses or makes):
        return (), (), frozenset()
    document = _plain(fields, fields.root)
    place = f"{fields.source.file}:{fields.source.line}"
    consumers = consumers_of(document, kind, namespace=namespace, manifest=place) if uses else ()
    made = secrets_made_by(document, namespace, place) if makes else ()
    return tuple(consumers), tuple(made), _ignored(document)


def _is_connected(root: MappingNode) -> bool:
    spec = root.entries.get("spec")
    return (
        spec is not None and isinstance(spec.node, MappingNode) and CONNECTION in spec.node.entries
    )


def _ignored(document: Any) -> frozenset[str]:
    """The lints that the annotations of an object of another kind switch off."""
    match document:
        case {"metadata": {"annotations": {"reconciler/lint-ignore": str(codes)}}}:
            return ignored_lints({LINT_IGNORE: codes})
    return frozenset()


def unprovided(
    objects: tuple[Desired, ...],
    consumers: tuple[Consumer, ...],
    made: tuple[MadeSecret, ...],
    ignoring: Mapping[str, frozenset[str]],
    lints: LintSettings,
) -> Iterator[Diagnostic]:
    """Warnings about references to Secrets, or to keys of them, that no manifest provides.

    A Secret is reported only if the manifests declare other Secrets in its namespace, a key only
    if nothing else is expected to add it. `made` are Secrets that other programs make. `ignoring`
    has the lints that consumers, by their ``KIND/NAMESPACE/NAME``, switch off.
    """
    secrets = {item.key: item for item in objects if item.kind == SECRET}
    homes = {key.namespace for key in secrets}
    elsewhere = {item.secret for item in made}
    reported: set[tuple[str, ObjectKey, str]] = set()
    for consumer in (*consumers, *_accounts(objects)):
        anywhere = consumer.secret._replace(namespace=ANY_NAMESPACE)
        if consumer.optional or consumer.secret.namespace not in homes:
            continue
        if consumer.secret in elsewhere or anywhere in elsewhere:
            continue
        secret = secrets.get(consumer.secret)
        about = (str(consumer), consumer.secret, "" if secret is None else consumer.key)
        if about in reported or (secret is not None and _provides(secret, consumer.key)):
            continue
        reported.add(about)
        for warning in _warning(consumer, lints, whole=secret is None):
            if warning.code not in ignoring.get(str(consumer), ()):
                yield warning


def two_owners(
    objects: tuple[Desired, ...], made: tuple[MadeSecret, ...], lints: LintSettings
) -> Iterator[Diagnostic]:
    """Warnings about Secrets that another program overwrites because of another manifest.

    Nothing is said where the manifest leaves the data to the program: it has none, or is
    ``create-only``, or is annotated so that Sealed Secrets adds its keys to it.
    """
    if not made:
        return
    secrets = {item.key: item for item in objects if _has_data(item)}
    for maker in made:
        secret = secrets.get(maker.secret)
        if secret is None or not maker.overwrites or _shares(secret):
            continue
        level = lints.of_file(secret.source.file).level("secret-two-owners")
        if level == OFF or "secret-two-owners" in ignored_lints(secret.annotations):
            continue
        yield Diagnostic(
            severity=level,
            code="secret-two-owners",
            message=f"{maker.maker} ({maker.manifest}) makes this Secret too: each would overwrite "
            "what the other writes",
            field="metadata.name",
            source=secret.source,
            object=str(secret.key),
            hint="keep one of the two, or give one of them another name",
        )


def _has_data(item: Desired) -> bool:
    return item.kind == SECRET and bool(item.data or lifecycle(item).recipes)


def _shares(secret: Desired) -> bool:
    """Whether the manifest says that another program writes the Secret too."""
    patched = secret.annotations.get(_SEALED_PATCH) == "true"
    return patched or lifecycle(secret).create_only


def _provides(secret: Desired, key: str) -> bool:
    """Whether the Secret has the key, or something else is expected to add it."""
    steering = lifecycle(secret)
    left_open = not secret.data and not steering.recipes
    filled_elsewhere = left_open or steering.create_only or steering.ignores(key)
    return not key or key in secret.data or steering.generates(key) or filled_elsewhere


def _warning(consumer: Consumer, lints: LintSettings, *, whole: bool) -> Iterator[Diagnostic]:
    code = "secret-unprovided" if whole else "secret-key-unprovided"
    file, _, line = consumer.manifest.rpartition(":")
    level = lints.of_file(file).level(code)
    if level == OFF:
        return
    what = (
        f"the Secret {consumer.secret.name!r}"
        if whole
        else f"the key {consumer.key!r} of {consumer.secret}"
    )
    yield Diagnostic(
        severity=level,
        code=code,
        message=f"it uses {what}, which no manifest provides",
        field=consumer.field,
        source=Source(file, int(line), 1),
        object=str(consumer),
        hint=_ELSEWHERE,
    )


def _accounts(objects: tuple[Desired, ...]) -> Iterator[Consumer]:
    for item in objects:
        if item.kind == SERVICE_ACCOUNT:
            yield from account_consumers(item, f"{item.source.file}:{item.source.line}")


def _plain(fields: Fields, node: Node) -> Any:
    """`node` as JSON; problems in objects that are not managed are not reported."""
    if isinstance(node, Scalar):
        return node.value
    if not isinstance(node, MappingNode):
        return [_plain(fields, item) for item in node.items]
    reader = Fields(fields.document, node, None)
    return {name: _plain(fields, entry.node) for name, entry in reader.entries(node, ()).items()}
