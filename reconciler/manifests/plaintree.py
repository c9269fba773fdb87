"""Any YAML or JSON document as plain values with their places, for files other than manifests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.manifests.fields import Fields
from reconciler.manifests.nodes import Document, Entry, Mapping, Node, Scalar, item_of
from reconciler.manifests.yaml import documents, parts
from reconciler.model.objects import Diagnostic, Severity, Source
from reconciler.rules import RulePath


@dataclass(frozen=True, slots=True)
class Placed:
    """A value with its place; for an entry of a map, `key` is the place of its key.

    ``value`` is a JSON scalar as kubectl reads it, a ``list[Placed]`` or a ``dict[str, Placed]``.
    """

    value: bool | float | str | list[Placed] | dict[str, Placed] | None = field(repr=False)
    source: Source
    key: Source | None = None


def parse_document(text: str, file: str) -> tuple[Placed | None, tuple[Diagnostic, ...]]:
    """The only document in `text`, and its problems; `file` is the name that places use.

    The same rules as for manifests: duplicate keys, unknown aliases and more than one document are
    errors. ``None`` stands for an empty text, or one that cannot be parsed.
    """
    all_documents: list[Document] = []
    for part in parts(text):
        all_documents += documents(part, file, len(all_documents))
    if not all_documents:
        return None, ()
    first = all_documents[0]
    problems = [document.problem for document in all_documents if document.problem]
    problems += [_second(document) for document in all_documents[1:] if not document.problem]
    if first.root is None or problems:
        return None, tuple(problems)
    root = first.root if isinstance(first.root, Mapping) else Mapping({}, first.root.place)
    fields = Fields(first, root, None)
    placed = _placed(fields, item_of(first.root), (), None)
    # What reads the settings knows their names, and says which one is none.
    return placed, tuple(item for item in fields.diagnostics("") if item.code != "key-renamed")


def plain_document(text: str, file: str) -> tuple[Any, tuple[Diagnostic, ...]]:
    """The same as JSON would have it, without places."""
    placed, problems = parse_document(text, file)
    return _plain(placed), problems


def _plain(placed: Placed | None) -> Any:
    value = None if placed is None else placed.value
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _second(document: Document) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="documents-many",
        message="this file must hold only one document",
        field="",
        source=document.source(document.root.place)
        if document.root
        else Source(document.file, 1, 1),
        hint="remove what follows the first ---",
    )


def _placed(fields: Fields, entry: Entry, path: RulePath, key: int | None) -> Placed:
    node: Node = entry.node
    source = fields.document.source(node.place)
    key_source = None if key is None else fields.document.source(key)
    if isinstance(node, Scalar):
        return Placed(node.value, source, key_source)
    if isinstance(node, Mapping):
        inner = {
            name: _placed(fields, child, (*path, name), child.place)
            for name, child in fields.entries(node, path).items()
        }
        return Placed(inner, source, key_source)
    items = [
        _placed(fields, item_of(item), (*path, index), None)
        for index, item in enumerate(node.items)
    ]
    return Placed(items, source, key_source)
