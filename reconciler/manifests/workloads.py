"""Objects of other kinds that use Secrets, or have another program make them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.manifests.fields import Fields
from reconciler.manifests.lints import OFF, LintSettings
from reconciler.manifests.nodes import Mapping, Node, Scalar
from reconciler.model.consumers import Consumer
from reconciler.model.lifecycle import lifecycle
from reconciler.model.objects import (
    SECRET,
    SERVICE_ACCOUNT,
    Desired,
    Diagnostic,
    ObjectKey,
    Source,
)
from reconciler.rules import CONSUMER_GROUPS, account_consumers, consumers_of
from reconciler.rules.makers import MAKERS, secrets_made_by

_ELSEWHERE = (
    "add it, correct the reference, or mark it as optional; where it comes from elsewhere, lints "
    "in reconciler.yaml silence this"
)


def secrets_of(
    fields: Fields, kind: str, version: str, namespace: str
) -> tuple[tuple[Consumer, ...], tuple[ObjectKey, ...]]:
    """Who uses which Secret in this object, and which Secrets are made because of it.

    Objects of most kinds are not even looked into.
    """
    group = version.rpartition("/")[0]
    uses, makes = CONSUMER_GROUPS.get(kind) == group, (group, kind) in MAKERS
    if not (uses or makes):
        return (), ()
    document = _plain(fields, fields.root)
    place = f"{fields.source.file}:{fields.source.line}"
    found = consumers_of(document, kind, namespace=namespace, manifest=place) if uses else ()
    return tuple(found), tuple(secrets_made_by(document, namespace)) if makes else ()


def unprovided(
    objects: tuple[Desired, ...],
    consumers: tuple[Consumer, ...],
    made: frozenset[ObjectKey],
    lints: LintSettings,
) -> Iterator[Diagnostic]:
    """What to say of references to Secrets, or keys of them, that no manifest provides.

    A Secret is missed only in a namespace of which the manifests hold any Secrets, a key only
    where nothing else is expected to fill it in. `made` are Secrets that other programs make.
    """
    secrets = {one.key: one for one in objects if one.kind == SECRET}
    homes = {key.namespace for key in secrets}
    told: set[tuple[str, ObjectKey, str]] = set()
    for one in (*consumers, *_accounts(objects)):
        if one.optional or one.secret in made or one.secret.namespace not in homes:
            continue
        secret = secrets.get(one.secret)
        about = (str(one), one.secret, "" if secret is None else one.key)
        if about in told or (secret is not None and _provides(secret, one.key)):
            continue
        told.add(about)
        yield from _warning(one, lints, whole=secret is None)


def _provides(secret: Desired, key: str) -> bool:
    """Whether the Secret has the key, or something else may be expected to add it."""
    steering = lifecycle(secret)
    filled_elsewhere = not secret.data or steering.create_only or steering.ignores(key)
    return not key or key in secret.data or filled_elsewhere


def _warning(one: Consumer, lints: LintSettings, *, whole: bool) -> Iterator[Diagnostic]:
    code = "secret-unprovided" if whole else "secret-key-unprovided"
    level = lints.level(code)
    if level == OFF:
        return
    what = f"the Secret {one.secret.name!r}" if whole else f"the key {one.key!r} of {one.secret}"
    file, _, line = one.manifest.rpartition(":")
    yield Diagnostic(
        severity=level,
        code=code,
        message=f"it uses {what}, which no manifest provides",
        field=one.field,
        source=Source(file, int(line), 1),
        object=str(one),
        hint=_ELSEWHERE,
    )


def _accounts(objects: tuple[Desired, ...]) -> Iterator[Consumer]:
    for one in objects:
        if one.kind == SERVICE_ACCOUNT:
            yield from account_consumers(one, f"{one.source.file}:{one.source.line}")


def _plain(fields: Fields, node: Node) -> Any:
    """What `node` is in JSON; what is wrong with it is not this program's to tell."""
    if isinstance(node, Scalar):
        return node.value
    if not isinstance(node, Mapping):
        return [_plain(fields, item) for item in node.items]
    reader = Fields(fields.document, node, None)
    return {name: _plain(fields, entry.node) for name, entry in reader.entries(node, ()).items()}
