"""Reads a snapshot file, which anybody may have written."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from reconciler.errors import StoreDamaged, StoreError
from reconciler.model.consumers import Consumer, Way
from reconciler.model.fields import is_field
from reconciler.model.nodes import Misfit, Node, parsed
from reconciler.model.objects import KINDS, Applied, Bystander, Live, ObjectKey, OwnerReference
from reconciler.model.plans import FieldPath
from reconciler.model.store import Capability
from reconciler.model.values import UnreadText, UnreadValue
from reconciler.stores.snapshot.document import FORMAT, closing
from reconciler.stores.snapshot.seen import Seen, SeenObject

MOST_BYTES = 256 * 1024 * 1024
"""How large a file may be: a hundred thousand objects take less than half of it."""

_EXPECTED = "32 hexadecimal digits"
_DIGEST = re.compile("[0-9a-f]{32}")
_SEAL = re.compile("[0-9a-f]{64}")
_COMMIT = re.compile("[0-9a-f]{0,64}")
_SCHEME = re.compile("[a-z][a-z0-9-]{0,31}")
_KEY = ("kind", "namespace", "name")
_HINT = "take a new one with: reconciler snapshot --out FILE"

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file as it was read: ``seal`` covers the bytes ``sealed``, if nobody has changed them."""

    seen: Seen
    key_check: str
    sealed: bytes = field(repr=False)
    seal: str


def load(path: str) -> SnapshotFile:
    """Read the file at `path`. Does not check its seal.

    Raises:
        StoreError: it cannot be read.
        StoreDamaged: it is no snapshot, or one that this version does not understand.
    """
    content = _content(path)
    try:
        document = parsed(content)
    except Misfit:
        raise StoreDamaged(f"{path} is no snapshot, or is damaged", hint=_HINT) from None
    try:
        return _file(Node(document), content)
    except Misfit as misfit:
        raise StoreDamaged(
            f"{path} is no snapshot that this version understands: {misfit}", hint=_HINT
        ) from None


def _content(path: str) -> bytes:
    try:
        # Not to wait where there is a pipe.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StoreError(f"{path} is not a file", hint=_HINT)
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint=_HINT) from None
    except ValueError:
        raise StoreError("the snapshot's path has a zero byte in it") from None
    if len(content) > MOST_BYTES:
        raise StoreDamaged(f"{path} has more than {MOST_BYTES // 1024 // 1024} MiB", hint=_HINT)
    return content


def _file(node: Node, content: bytes) -> SnapshotFile:
    if not isinstance(node.content, dict) or node.content.get("format") != FORMAT:
        raise node.misfit(f"its format is not {FORMAT}")
    parts = node.record(
        *("format", "tool", "created", "commit", "keyCheck", "set", "store", "objects", "copies"),
        *("bystanders", "vanished", "consumers", "unseen", "fixedAnnotations", "seal"),
    )
    parts["tool"].text()
    store = parts["store"].record("scheme", "capabilities")
    vanished = parts["vanished"].optional(lambda each: each.items(_key))
    seen = Seen(
        created=_time(parts["created"]),
        commit=_matching(parts["commit"], _COMMIT, "a commit in hexadecimal"),
        set_name=_name(parts["set"]),
        scheme=_matching(store["scheme"], _SCHEME, "the scheme of a store"),
        capabilities=frozenset(store["capabilities"].items(lambda each: each.word(Capability))),
        objects=_distinct(parts["objects"], _object, lambda seen: seen.live.key),
        copies=_distinct(parts["copies"], _object, lambda seen: seen.live.key),
        bystanders=_distinct(parts["bystanders"], _bystander, lambda other: other.key),
        vanished=None if vanished is None else frozenset(vanished),
        consumers=parts["consumers"].optional(lambda each: each.items(_consumer)),
        unseen=frozenset(parts["unseen"].items(Node.text)),
        fixed_annotations=frozenset(parts["fixedAnnotations"].items(Node.text)),
    )
    seal = _matching(parts["seal"], _SEAL, "64 hexadecimal digits")
    # Where the seal is not the end of the file, something was added, and no seal covers that.
    sealed = content.removesuffix(closing(seal))
    return SnapshotFile(seen, _matching(parts["keyCheck"], _DIGEST, _EXPECTED), sealed, seal)


def _distinct(
    node: Node, read: Callable[[Node], Read], key_of: Callable[[Read], ObjectKey]
) -> tuple[Read, ...]:
    items = node.items(read)
    if len(set(map(key_of, items))) < len(items):
        raise node.misfit("an object stands there twice")
    return items


def _object(node: Node) -> SeenObject:
    parts = node.record(
        *(*_KEY, "uid", "created", "generateName", "versionOf", "type", "immutable", "data"),
        *("labels", "annotations", "settings", "finalizers", "owners", "applied"),
    )
    key = _key_in(parts)
    if key.kind not in KINDS:
        raise parts["kind"].misfit(f"one of {', '.join(KINDS)} is expected")
    created = parts["created"]
    live = Live(
        key=key,
        uid=_name(parts["uid"]),
        resource_version="",
        created=_time(created) if created.text() else "",
        generate_name=parts["generateName"].text(),
        type=parts["type"].text(),
        immutable=parts["immutable"].flag(),
        data=_values(parts["data"]),
        labels=_texts(parts["labels"]),
        annotations=_texts(parts["annotations"]),
        settings=_texts(parts["settings"]),
        finalizers=parts["finalizers"].items(Node.text),
        owners=parts["owners"].items(_owner),
        applied=parts["applied"].optional(_applied),
    )
    base = parts["versionOf"].text()
    if base and not live.name.startswith(f"{base}-"):
        raise parts["versionOf"].misfit("the name does not begin with it")
    return SeenObject(live=live, version_of=base)


def _values(node: Node) -> dict[str, UnreadValue]:
    return {name: UnreadValue(each) for name, each in _digests(node, or_null=True)}


def _texts(node: Node) -> dict[str, UnreadText]:
    return {name: UnreadText(each) for name, each in _digests(node)}


def _digests(node: Node, *, or_null: bool = False) -> Iterable[tuple[str, Any]]:
    """The members of an object that are digests; without a `Node` for each, as they are many."""
    if not isinstance(node.content, dict):
        raise node.misfit("an object is expected")
    for each in node.content.values():
        if not (_is_digest(each) or (or_null and each is None)):
            raise node.misfit(f"{_EXPECTED} are expected for each name")
    return node.content.items()


def _owner(node: Node) -> OwnerReference:
    optional = ("controller", "blockOwnerDeletion")
    parts = node.record("apiVersion", "kind", "name", "uid", optional=optional)
    controller, blocks = (parts[name].flag() if name in parts else None for name in optional)
    return OwnerReference(
        api_version=parts["apiVersion"].text(),
        kind=parts["kind"].text(),
        name=parts["name"].text(),
        uid=parts["uid"].text(),
        controller=controller,
        block_owner_deletion=blocks,
    )


def _applied(node: Node) -> Applied:
    parts = node.record("set", "fields", "ciphertexts")
    return Applied(
        set_name=_name(parts["set"]),
        fields=_by_path(parts["fields"]),
        ciphertexts=_by_path(parts["ciphertexts"]),
    )


def _by_path(node: Node) -> dict[FieldPath, str]:
    """A digest and a path in each list; without a `Node` for each, as they are many."""
    if not isinstance(node.content, list):
        raise node.misfit("a list is expected")
    digests = {}
    for index, entry in enumerate(node.content):
        is_list = isinstance(entry, list) and len(entry) > 1
        if not (is_list and _is_digest(entry[0]) and all(isinstance(part, str) for part in entry)):
            raise Misfit(f"{node.place}[{index}]", "a digest and a path are expected")
        path = tuple(entry[1:])
        if not is_field(path):
            raise Misfit(f"{node.place}[{index}]", "the path names no field")
        digests[path] = entry[0]
    return digests


def _bystander(node: Node) -> Bystander:
    parts = node.record(*_KEY, "uid", "owners", "set")
    return Bystander(
        _key_in(parts),
        _name(parts["uid"]),
        parts["owners"].items(Node.text),
        parts["set"].optional(_name),
    )


def _consumer(node: Node) -> Consumer:
    parts = node.record(*_KEY, "secret", "key", "optional", "field", "way")
    return Consumer(
        kind=parts["kind"].text(),
        namespace=parts["namespace"].text(),
        name=parts["name"].text(),
        secret=_key(parts["secret"]),
        key=parts["key"].text(),
        optional=parts["optional"].flag(),
        field=parts["field"].text(),
        way=parts["way"].word(Way),
    )


def _key(node: Node) -> ObjectKey:
    return _key_in(node.record(*_KEY))


def _key_in(parts: Mapping[str, Node]) -> ObjectKey:
    return ObjectKey(_name(parts["kind"]), parts["namespace"].text(), _name(parts["name"]))


def _name(node: Node) -> str:
    text = node.text()
    if not text:
        raise node.misfit("a text that is not empty is expected")
    return text


def _time(node: Node) -> str:
    text = node.text()
    try:
        if datetime.fromisoformat(text).tzinfo:
            return text
    except ValueError:
        pass
    raise node.misfit("a time in RFC 3339 is expected")


def _is_digest(content: Any) -> bool:
    return isinstance(content, str) and bool(_DIGEST.fullmatch(content))


def _matching(node: Node, pattern: re.Pattern[str], expected: str) -> str:
    text = node.text()
    if not pattern.fullmatch(text):
        raise node.misfit(f"{expected} is expected")
    return text
