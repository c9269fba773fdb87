"""What the JSON documents share, and how they are written."""

from __future__ import annotations

import re
from typing import Any

import orjson

from reconciler.escapes import json_text
from reconciler.model.objects import ObjectKey, Source
from reconciler.model.plans import FieldPath, Note, StoreIdentity
from reconciler.views.words import field_text

Document = dict[str, Any]

ENVIRONMENTS_FORMAT = "reconciler.environments/v1"
"""The format of what a command prints for several environments."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def serialised(document: Document, *, indented: bool = True) -> str:
    """JSON text of `document`, all visible and without workflow commands."""
    option = orjson.OPT_INDENT_2 if indented else 0
    try:
        text = orjson.dumps(document, option=option).decode()
    except orjson.JSONEncodeError:
        # A file name that is not UTF-8 comes as lone surrogates, which JSON cannot carry.
        text = orjson.dumps(_without_surrogates(document), option=option).decode()
    return json_text(text)


def store_document(store: StoreIdentity) -> Document:
    """Which store it is; ``id`` is empty where it does not exist yet."""
    return {"scheme": store.scheme, "id": store.id, "location": store.location}


def key_document(key: ObjectKey) -> Document:
    """``kind``, ``namespace`` and ``name``."""
    return key._asdict()


def source_document(source: Source) -> Document:
    """A place in the manifests."""
    return {
        "file": source.file,
        "line": source.line,
        "column": source.column,
        "document": source.document,
        "item": source.item,
    }


def path_document(path: FieldPath) -> Document:
    """A field's path twice: for people, and exact."""
    return {"field": field_text(path), "path": list(path)}


def note_document(note: Note) -> Document:
    """A note with its stable code."""
    return {"code": note.code, "message": note.message}


def _without_surrogates(node: Any) -> Any:
    match node:
        case str():
            return _SURROGATES.sub("\ufffd", node)
        case dict():
            return {_without_surrogates(name): _without_surrogates(node[name]) for name in node}
        case list():
            return [_without_surrogates(child) for child in node]
        case _:
            return node
