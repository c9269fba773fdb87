"""What the readers of JSON documents share; the reverse of `reconciler.views.json.parts`."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.fields import DATA
from reconciler.model.nodes import Node
from reconciler.model.objects import ObjectKey, Source
from reconciler.model.plans import FieldPath, Note, StoreIdentity


def read_store(node: Node) -> StoreIdentity:
    """Which store it is."""
    return StoreIdentity(**read_texts(node.record("scheme", "id", "location")))


def read_key(node: Node) -> ObjectKey:
    """``kind``, ``namespace`` and ``name``."""
    return ObjectKey(**read_texts(node.record("kind", "namespace", "name")))


def read_source(node: Node) -> Source:
    """A place in the manifests."""
    members = node.record("file", "line", "column", "document", "item")
    return Source(
        members["file"].text(),
        members["line"].count(),
        members["column"].count(),
        members["document"].count(),
        members["item"].optional(Node.count),
    )


def read_note(node: Node) -> Note:
    """A note with its stable code."""
    return Note(**read_texts(node.record("code", "message")))


def read_path(node: Node) -> FieldPath:
    """A field's exact path."""
    path = node.items(Node.text)
    if not path or (path[0] == DATA and len(path) != 2):  # noqa: PLR2004 - data and the key
        raise node.misfit("the path of a field is expected")
    return path


def read_texts(members: Mapping[str, Node]) -> dict[str, str]:
    """Members that are strings, all of them."""
    return {name: member.text() for name, member in members.items()}
