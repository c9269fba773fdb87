"""What the JSON documents share, and how they are written."""

from __future__ import annotations

import re
from typing import Any

import orjson

from reconciler.model.objects import ObjectKey, Source
from reconciler.model.plans import FieldPath, Note, StoreIdentity
from reconciler.views.words import field_text, is_seen

Document = dict[str, Any]

_SUSPECT = re.compile(r"[^\n\x20-\x7e]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def serialised(document: Document, *, indented: bool = True) -> str:
    r"""JSON text in which nothing is invisible: control and bidi characters are ``\u`` escapes."""
    option = orjson.OPT_INDENT_2 if indented else 0
    try:
        text = orjson.dumps(document, option=option).decode()
    except orjson.JSONEncodeError:
        # A file name that is not UTF-8 comes as lone surrogates, which JSON cannot carry.
        text = orjson.dumps(_without_surrogates(document), option=option).decode()
    return _SUSPECT.sub(_escape, text)


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


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if is_seen(character):
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
